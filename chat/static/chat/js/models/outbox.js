import { Emitter } from "chat/emitter.js";
import { ErrorCode } from "chat/protocol.js";
import { belongsTo } from "chat/storage.js";
import { count } from "chat/text.js";

/** The server remembers a cid for 24 h; what is older might be stored twice and is sent only when asked. */
const TRUSTED_MS = 23 * 60 * 60 * 1000;

export const Unsent = Object.freeze({
  /** Goes as soon as there is a connection. */
  WAITING: "waiting",
  SENDING: "sending",
  FAILED: "failed",
  /** The server has it; the event that brings it into the timeline is on its way. */
  ACKNOWLEDGED: "acknowledged",
});

/**
 * What was written and is not known to be in its room, in the order of writing.
 *
 * Each message is kept in the browser under a key of its own, so that two tabs do not overwrite each
 * other's; the cid makes it harmless when both send it. Emits `change`.
 */
export class Outbox extends Emitter {
  #storage;
  #prefix;
  #entries = new Map();

  /** False when this browser keeps nothing: then a closed tab loses what waits. */
  kept = true;

  constructor({ storage, personId, now }) {
    super();
    this.#storage = storage;
    this.#prefix = `${belongsTo(personId)}outbox:`;
    this.takeUp(now);
  }

  /**
   * `{cid, room, body, ts, since, quote, attachments, state, error, revision}`; `quote` is what it answers, if
   * anything, `since` when somebody last asked to send it.
   */
  add({ cid, room, body, ts, quote, attachments = [] }) {
    const message = { cid, room, body, ts, quote, attachments };
    const entry = waiting(message);
    this.#entries.set(cid, entry);
    this.kept = this.#keep(entry);
    this.emit("change");
    return entry;
  }

  /** The next one to send, or undefined. */
  get next() {
    return [...this.#entries.values()].find(({ state }) => state === Unsent.WAITING);
  }

  inRoom(room) {
    return [...this.#entries.values()].filter((entry) => entry.room === room);
  }

  /** Neither failed nor in the timeline. */
  isComing(cid) {
    const entry = this.#entries.get(cid);
    return entry !== undefined && entry.state !== Unsent.FAILED;
  }

  /** The newest that is on its way to this room, if any. */
  comingTo(room) {
    return this.inRoom(room).findLast(({ cid }) => this.isComing(cid));
  }

  /** How many would be sent if there was a connection. */
  get waiting() {
    return this.#count(Unsent.WAITING) + this.#count(Unsent.SENDING);
  }

  /** How many are not known to the server. */
  get size() {
    return this.waiting + this.#count(Unsent.FAILED);
  }

  /** What to say to who would lose it, written in this tab or in another; empty when nothing is unsent. */
  get lossWords() {
    const size = this.size + this.#written.filter(({ cid }) => !this.#entries.has(cid)).length;
    return size ? `${count(size, "message")} ${size === 1 ? "is" : "are"} not sent and will be lost.` : "";
  }

  sending(cid) {
    this.#become(cid, Unsent.SENDING);
  }

  failed(cid, error) {
    this.#become(cid, Unsent.FAILED, error);
  }

  /** Somebody asks to send it once more. It keeps its place in the order. */
  askAgain(cid, now) {
    const entry = this.#entries.get(cid);
    if (entry) entry.since = now;
    this.retry(cid);
  }

  /** It was not answered: it waits again. */
  retry(cid) {
    this.#become(cid, Unsent.WAITING);
  }

  /**
   * Takes in what is kept here and not known yet: of a page before this, or of another tab, which may not live to send
   * it. What waits for longer than the server remembers is not sent without asking.
   */
  takeUp(now) {
    const written = this.#written;
    this.#dropTaken(new Set(written.map(({ cid }) => cid)));
    for (const { cid, room, body, ts, quote, attachments = [] } of written) {
      if (this.#entries.has(cid)) continue;
      this.#entries.set(cid, { ...waiting({ cid, room, body, ts, quote, attachments }), taken: true });
    }
    this.#entries = new Map([...this.#entries].sort(([, one], [, other]) => one.ts - other.ts));
    // All of them before anybody is told, who might send the next.
    const isOld = ({ state, since }) => state === Unsent.WAITING && now - since > TRUSTED_MS;
    for (const entry of [...this.#entries.values()].filter(isOld)) turn(entry, Unsent.FAILED, ErrorCode.EXPIRED);
    this.emit("change");
  }

  /** What it answers is gone: it is said without. */
  unquote(cid) {
    const entry = this.#entries.get(cid);
    if (!entry?.quote) return;
    entry.quote = undefined;
    this.#keep(entry);
    this.retry(cid);
  }

  /** The server has it: not kept in the browser any longer, shown until its event comes. */
  acknowledged(cid, { ts, seq }) {
    const entry = this.#entries.get(cid);
    if (!entry) return;
    Object.assign(entry, { ts, seq });
    this.#storage.remove(this.#prefix + cid);
    this.#become(cid, Unsent.ACKNOWLEDGED);
  }

  remove(cid) {
    if (!this.#entries.delete(cid)) return;
    this.#storage.remove(this.#prefix + cid);
    this.emit("change");
  }

  /** The room is known up to `seq`: what was acknowledged below it is there, or was dropped since. */
  dropAcknowledged(room, seq) {
    for (const entry of this.inRoom(room)) {
      if (entry.state === Unsent.ACKNOWLEDGED && entry.seq <= seq) this.remove(entry.cid);
    }
  }

  /** What came from elsewhere and is not kept any more: whoever wrote it has sent it, or thought better of it. */
  #dropTaken(kept) {
    for (const { cid, taken, state } of [...this.#entries.values()]) {
      const rests = state === Unsent.WAITING || state === Unsent.FAILED;
      if (taken && rests && !kept.has(cid)) this.#entries.delete(cid);
    }
  }

  #become(cid, state, error = null) {
    const entry = this.#entries.get(cid);
    if (!entry) return;
    turn(entry, state, error);
    this.emit("change");
  }

  #count(state) {
    return [...this.#entries.values()].filter((entry) => entry.state === state).length;
  }

  #keep({ cid, room, body, ts, quote, attachments }) {
    return this.#storage.set(this.#prefix + cid, { room, body, ts, quote, attachments });
  }

  /** What this browser keeps, of all tabs. */
  get #written() {
    const kept = this.#storage.keys(this.#prefix).map((key) => {
      return { ...this.#storage.get(key), cid: key.slice(this.#prefix.length) };
    });
    return kept.filter(({ room, body, attachments }) => room && (body || attachments?.length));
  }
}

const waiting = (message) => ({
  ...message,
  since: message.ts,
  state: Unsent.WAITING,
  error: null,
  revision: 0,
});

const turn = (entry, state, error) => Object.assign(entry, { state, error, revision: entry.revision + 1 });
