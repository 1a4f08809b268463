import { Emitter } from "chat/emitter.js";
import { ErrorCode } from "chat/protocol.js";
import { belongsTo } from "chat/storage.js";

/** So long a deletion can be taken back. */
export const UNDO_MS = 8_000;

/** What another tab began, or this one before it was loaded again, is that one's for a little longer. */
const OTHER_TAB_MS = 3_000;

export const Leaving = Object.freeze({
  /** Not told to the server yet: can be taken back. */
  UNDOABLE: "undoable",
  /** The same, but its time is over: it goes as soon as there is a connection. */
  WAITING: "waiting",
  SENDING: "sending",
  /** The server has done it; the event that takes it out of the timeline is on its way. */
  DONE: "done",
});

/**
 * Messages that somebody deletes: hidden at once, told to the server when the time to undo is over or
 * `commit` is called. Until the server has answered they are kept in the browser, so that a page that is
 * left half-way does the rest when it comes back.
 *
 * `send(room, id)` returns the reply. Emits `change`, and `refused {id, error}` when the message stays.
 */
export class Deletions extends Emitter {
  #storage;
  #prefix;
  #clock;
  #send;
  #entries = new Map();
  #open = false;

  constructor({ storage, personId, clock, send }) {
    super();
    this.#storage = storage;
    this.#prefix = `${belongsTo(personId)}delete:`;
    this.#clock = clock;
    this.#send = send;
    this.#load();
  }

  /** How far the deletion of this message is; undefined for one that stays. */
  stateOf(id) {
    return this.#entries.get(id)?.state;
  }

  begin(room, id) {
    if (this.#entries.has(id)) return;
    const due = this.#clock.now() + UNDO_MS;
    const kept = this.#storage.set(this.#prefix + id, { room, due });
    this.#add({ room, id, kept }, UNDO_MS);
    this.emit("change");
  }

  /** Takes it back; false when it is too late. */
  undo(id) {
    const entry = this.#entries.get(id);
    if (entry?.state !== Leaving.UNDOABLE && entry?.state !== Leaving.WAITING) return false;
    this.#forget(entry);
    return true;
  }

  /** Does not wait for the time to be over: the page is left, or the room. */
  commit() {
    for (const entry of [...this.#entries.values()]) {
      if (entry.state === Leaving.UNDOABLE && entry.mine) this.#goNow(entry);
    }
  }

  /** There is a connection. */
  open() {
    this.#open = true;
    for (const entry of [...this.#entries.values()]) {
      if (entry.state === Leaving.WAITING) this.#goNow(entry);
    }
  }

  close() {
    this.#open = false;
  }

  #add({ room, id, kept, mine = true }, wait) {
    const entry = { room, id, kept, mine, state: Leaving.UNDOABLE, timer: null };
    this.#entries.set(id, entry);
    entry.timer = this.#clock.setTimeout(() => this.#goNow(entry), wait);
  }

  #goNow(entry) {
    this.#clock.clearTimeout(entry.timer);
    if (entry.kept && this.#storage.get(this.#prefix + entry.id) === null) {
      // Another tab took it back, or has done it.
      this.#forget(entry);
    } else if (this.#open) {
      this.#tell(entry);
    } else {
      this.#become(entry, Leaving.WAITING);
    }
  }

  async #tell(entry) {
    this.#become(entry, Leaving.SENDING);
    try {
      await this.#send(entry.room, entry.id);
      this.#done(entry);
    } catch (error) {
      this.#missed(entry, error);
    }
  }

  #missed(entry, error) {
    if (error.code === ErrorCode.NOT_FOUND) {
      this.#done(entry);
    } else if (error.passing) {
      entry.timer = this.#clock.setTimeout(() => this.#goNow(entry), error.waitMs);
      this.#become(entry, Leaving.WAITING);
    } else if (error.code === ErrorCode.DISCONNECTED) {
      this.#become(entry, Leaving.WAITING);
    } else {
      this.#forget(entry);
      this.emit("refused", { id: entry.id, error });
    }
  }

  #done(entry) {
    this.#storage.remove(this.#prefix + entry.id);
    this.#become(entry, Leaving.DONE);
  }

  #forget(entry) {
    this.#clock.clearTimeout(entry.timer);
    this.#storage.remove(this.#prefix + entry.id);
    this.#entries.delete(entry.id);
    this.emit("change");
  }

  #become(entry, state) {
    entry.state = state;
    this.emit("change");
  }

  #load() {
    for (const key of this.#storage.keys(this.#prefix)) {
      const { room, due } = this.#storage.get(key) ?? {};
      const wait = Math.min(due - this.#clock.now() + OTHER_TAB_MS, UNDO_MS + OTHER_TAB_MS);
      const id = key.slice(this.#prefix.length);
      if (room && due) this.#add({ room, id, kept: true, mine: false }, Math.max(0, wait));
    }
  }
}
