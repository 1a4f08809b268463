import { Emitter } from "chat/emitter.js";
import { isBlank } from "chat/text.js";

/**
 * What is being written, for each room: the words of a new message, the message it answers, and an edit
 * of a message that lies over both until it is saved or cancelled. Emits `change`.
 */
export class Drafts extends Emitter {
  #rooms = new Map();

  /** `{body, replyTo, edit: {id, n, before, body} | null}` */
  of(room) {
    return this.#rooms.get(room) ?? { body: "", replyTo: null, edit: null };
  }

  /** What stands in the field. */
  textOf(room) {
    const { edit, body } = this.of(room);
    return edit ? edit.body : body;
  }

  typed(room, text) {
    const { edit } = this.of(room);
    this.#set(room, edit ? { edit: { ...edit, body: text } } : { body: text });
  }

  reply(room, message) {
    this.#set(room, { replyTo: message, edit: null });
    this.emit("change");
  }

  edit(room, { id, n, body }) {
    if (this.of(room).edit?.id !== id) this.#set(room, { edit: { id, n, before: body, body } });
    this.emit("change");
  }

  /** Ends an edit, else the answering; the words of a new message stay. False when there is neither. */
  cancel(room) {
    const { edit, replyTo } = this.of(room);
    if (!edit && !replyTo) return false;
    this.#set(room, edit ? { edit: null } : { replyTo: null });
    this.emit("change");
    return true;
  }

  /** The new message has left. */
  sent(room) {
    this.#set(room, { body: "", replyTo: null });
    this.emit("change");
  }

  /** Messages of which `isGone(id, n)` are gone: what was written about them stays, as a new message. */
  keepWithout(room, isGone) {
    const { body, edit, replyTo } = this.of(room);
    if (edit && isGone(edit.id, edit.n)) {
      const words = edit.body === edit.before ? "" : edit.body;
      const both = [body, words].filter((text) => !isBlank(text)).join("\n\n");
      this.#set(room, { body: both, edit: null });
      this.emit("change");
    }
    if (replyTo && isGone(replyTo.id, replyTo.n)) {
      this.#set(room, { replyTo: null });
      this.emit("change");
    }
  }

  clear() {
    this.#rooms.clear();
    this.emit("change");
  }

  #set(room, news) {
    this.#rooms.set(room, { ...this.of(room), ...news });
  }
}

/** A message as the server will quote it, until it has. */
export function quoteOf({ id, author, body }) {
  return { id, author, excerpt: body.replace(/\s+/g, " ").slice(0, 120) };
}
