import { Emitter } from "chat/emitter.js";
import { KeptDrafts } from "chat/models/kept_drafts.js";
import { isBlank } from "chat/text.js";

/** So much of what was typed last a browser may lose that ends without warning. */
const KEEP_AFTER_MS = 500;

/**
 * What is being written, for each room: the words of a new message, the message it answers, and an edit
 * of a message that lies over both until it is saved or cancelled. Emits `change`.
 *
 * New messages are kept in the browser. An edit is not: by the next visit the message may have other words.
 */
export class Drafts extends Emitter {
  #storage;
  #clock;
  #owner = null;
  #kept = null;
  #rooms = new Map();
  /** Rooms whose draft is not kept as it is. */
  #unkept = new Set();
  #timer = null;

  constructor({ storage, clock }) {
    super();
    this.#storage = storage;
    this.#clock = clock;
  }

  /** Whose they are: those of somebody else, or of nobody with null, are not here any more. */
  belongTo(personId) {
    if (personId === this.#owner) return;
    this.#owner = personId;
    this.#kept = personId && new KeptDrafts({ storage: this.#storage, personId });
    this.#rooms.clear();
    this.#unkept.clear();
    this.emit("change");
  }

  /** `{body, replyTo, edit: {id, n, before, body} | null}` */
  of(room) {
    if (!this.#rooms.has(room)) this.#rooms.set(room, { ...this.#read(room), edit: null });
    return this.#rooms.get(room);
  }

  /** Somebody turns to this room: another tab may have gone on with what is kept. */
  turnTo(room) {
    this.keep();
    if (!this.#unkept.has(room)) this.#rooms.set(room, { ...this.of(room), ...this.#read(room) });
    this.emit("change");
  }

  /** Keeps what has changed now. */
  keep() {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = null;
    for (const room of this.#unkept) {
      if (this.#kept?.write(room, this.of(room), this.#clock.now())) this.#unkept.delete(room);
    }
  }

  /** Nothing of this room stays. */
  forget(room) {
    this.#rooms.delete(room);
    this.#unkept.delete(room);
    this.#kept?.remove(room);
    this.emit("change");
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

  /** Puts words after those of the new message. */
  add(room, words) {
    this.#set(room, { body: both(this.of(room).body, words) });
    this.emit("change");
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
    // Kept any longer it might be sent again.
    this.keep();
    this.emit("change");
  }

  /** Messages of which `isGone(id, n)` are gone: what was written about them stays, as a new message. */
  keepWithout(room, isGone) {
    const { body, edit, replyTo } = this.of(room);
    if (edit && isGone(edit.id, edit.n)) {
      const words = edit.body === edit.before ? "" : edit.body;
      this.#set(room, { body: both(body, words), edit: null });
      this.emit("change");
    }
    if (replyTo && isGone(replyTo.id, replyTo.n)) {
      this.#set(room, { replyTo: null });
      this.emit("change");
    }
  }

  #read(room) {
    return this.#kept?.read(room) ?? { body: "", replyTo: null };
  }

  #set(room, news) {
    this.#rooms.set(room, { ...this.of(room), ...news });
    if (!("body" in news || "replyTo" in news)) return;
    this.#unkept.add(room);
    this.#timer ??= this.#clock.setTimeout(() => this.keep(), KEEP_AFTER_MS);
  }
}

const both = (...texts) => texts.filter((text) => !isBlank(text)).join("\n\n");

/** A message as the server will quote it, until it has. */
export function quoteOf({ id, author, body }) {
  return { id, author, excerpt: body.replace(/\s+/g, " ").slice(0, 120) };
}
