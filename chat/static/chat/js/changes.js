import { Emitter } from "chat/emitter.js";
import { Deletions } from "chat/models/deletions.js";
import { isMine, PendingReactions } from "chat/models/reactions.js";
import { ErrorCode } from "chat/protocol.js";

/** So long a message says that something was not done to it. */
const PROBLEM_SHOWN_MS = 8_000;

/** Why something was not done: the server's own words, where it said any. */
export function reasonOf({ code, detail }) {
  if (code === ErrorCode.DISCONNECTED) return "There is no connection.";
  return detail || "Something went wrong. Try again in a moment.";
}

/**
 * What one person does to messages that are in their room already: edits, deletions, reactions. What the
 * server has not confirmed yet is laid over what it told. Emits `change`.
 */
export class Changes extends Emitter {
  #ask;
  #clock;
  #me;
  #seqOf;
  #reactions = new PendingReactions();
  #problems = new Map();
  #deletions;

  /** `ask(type, fields)` returns the reply; `seqOf(room)` says how far the room is known. */
  constructor({ ask, clock, storage, me, seqOf }) {
    super();
    this.#ask = ask;
    this.#clock = clock;
    this.#me = me;
    this.#seqOf = seqOf;
    const send = (room, id) => ask("delete", { room, id });
    this.#deletions = new Deletions({ storage, personId: me, clock, send });
    this.#deletions.on("change", () => this.emit("change"));
    this.#deletions.on("refused", ({ id, error }) => this.#complain(id, "deleted", error));
  }

  /** Resolves when it is saved; throws a ReplyError. */
  async edit(room, id, body) {
    await this.#ask("edit", { room, id, body });
  }

  /** Puts an emoji under a message, or takes one's own away. */
  async react({ room, id, reactions }, emoji) {
    const on = !isMine(this.reactionsOf({ room, id, reactions }), emoji, this.#me);
    const token = this.#reactions.want(id, emoji, on);
    this.emit("change");
    try {
      const { seq } = await this.#ask("react", { room, id, emoji, on });
      this.#reactions.stored(token, seq);
    } catch (error) {
      this.#reactions.failed(token);
      this.#complain(id, on ? "added" : "taken away", error);
    }
    this.emit("change");
  }

  /** Takes a message away; it can be brought back for a while. */
  delete({ room, id }) {
    this.#deletions.begin(room, id);
  }

  undo(id) {
    return this.#deletions.undo(id);
  }

  /** The page or the room is left: what is deleted goes now. */
  commit() {
    this.#deletions.commit();
  }

  open() {
    this.#deletions.open();
  }

  close() {
    this.#deletions.close();
  }

  reactionsOf(message) {
    return this.#reactions.over(message, this.#me, this.#seqOf(message.room));
  }

  leavingOf(id) {
    return this.#deletions.stateOf(id);
  }

  problemOf(id) {
    return this.#problems.get(id);
  }

  /** Says something at a message, for a while. */
  tell(id, words) {
    this.#problems.set(id, words);
    this.#clock.setTimeout(() => {
      if (this.#problems.get(id) === words) this.#problems.delete(id);
      this.emit("change");
    }, PROBLEM_SHOWN_MS);
    this.emit("change");
  }

  #complain(id, what, error) {
    this.tell(id, `Not ${what}. ${reasonOf(error)}`);
  }
}
