import { Emitter } from "chat/emitter.js";
import { withAnnouncement } from "chat/models/announcements.js";
import { withReaction } from "chat/models/reactions.js";

/** Rows kept in the page; older ones go when nobody looks at them. */
const MOST_ENTRIES = 500;

/** Rows kept while somebody reads further up. */
const MOST_READ_BACK = 2_000;

/** Present names kept of people who wrote nothing here. */
const MOST_NAMES = 1_000;

/** Events that came too early, until what is missing before them has come. */
const MOST_HELD = 512;

export const Applied = Object.freeze({ NEXT: "next", OLD: "old", GAP: "gap" });

/**
 * What one room looks like: its messages in the order of `seq`, and the announcements between them.
 *
 * Every event is applied once and in order; what comes twice is dropped, what comes too early is held
 * and answered with `Applied.GAP`: then the session asks the server for what is missing.
 * Emits `change`.
 */
export class Timeline extends Emitter {
  #entries = [];
  #held = new Map();
  #gathering = false;
  #told = 0;

  room;
  /** null until the server has told: then nothing can be applied. */
  epoch = null;
  seq = 0;
  n = 0;
  /** From this number on everything was told: also what was deleted, which has a number and no row. */
  first = 1;
  /** The server has older messages. */
  more = false;
  /** Somebody reads further up: nothing goes from over them. */
  readBack = false;
  /** Present names of authors who changed theirs, by person id. */
  names = new Map();
  /** By the cid of what was not sent: that of the message which was written next and is here. It stays above that. */
  above = new Map();
  /** The line "new": number of the first message it stands before, and how many those were. */
  news = null;

  constructor(room) {
    super();
    this.room = room;
  }

  /** Where this stands, for a join that resumes; nothing before the first snapshot. */
  get at() {
    return this.epoch === null ? undefined : { epoch: this.epoch, seq: this.seq };
  }

  /**
   * `{kind: "message", message, revision, live}` and `{kind: "announcement", …}`, oldest first. A message that is
   * told anew has another `revision`.
   */
  get entries() {
    return this.#entries;
  }

  get messages() {
    return this.#entries.flatMap((entry) => (entry.kind === "message" ? [entry.message] : []));
  }

  get oldest() {
    return this.#entries.find((entry) => entry.kind === "message")?.message;
  }

  /** Nothing is here, and nothing is older. */
  get isEmpty() {
    return !this.more && !this.oldest;
  }

  find(id) {
    return this.#entry(id)?.message;
  }

  /** Whether message `id` with number `n` is not in the room any more, as far as is known here. */
  isGone(id, n) {
    return !this.find(id) && !(this.more && n < this.first);
  }

  /** Whether the message with this cid of this author is here. */
  has(authorId, cid) {
    return this.#entries.some(
      ({ message }) => message && message.cid === cid && message.author.id === authorId,
    );
  }

  /** Replaces everything by what the server has. Returns how many of the messages are news here. */
  reset({ epoch, seq, n, messages, more = false, names = {} }) {
    const known = epoch === this.epoch ? this.n : 0;
    const held = this.epoch === null || this.epoch === epoch ? this.#held : new Map();
    if (epoch !== this.epoch) this.news = null;
    this.epoch = epoch;
    this.seq = seq;
    this.n = n;
    this.first = messages[0]?.n ?? n + 1;
    this.more = more;
    this.#entries = this.#asEntries(messages);
    this.#held = held;
    this.#learn(names);
    this.#drain();
    this.emit("change");
    return messages.filter((message) => message.n > known).length;
  }

  /** Applies what a resumed join brought. Returns how many messages were new. */
  catchUp({ epoch, seq, n, events, names = {} }) {
    const before = this.n;
    this.epoch = epoch;
    this.#learn(names);
    for (const event of events) if (event.seq > this.seq) this.#applyNext(event);
    this.seq = Math.max(this.seq, seq);
    this.n = Math.max(this.n, n);
    this.#drain();
    this.#trim();
    this.emit("change");
    return this.n - before;
  }

  apply(event) {
    if (this.epoch === null || event.seq > this.seq + 1) {
      if (this.#held.size < MOST_HELD) this.#held.set(event.seq, event);
      return Applied.GAP;
    }
    if (event.seq <= this.seq) return Applied.OLD;
    this.#applyNext(event);
    this.#drain();
    this.#trim();
    this.emit("change");
    return Applied.NEXT;
  }

  /** The connection is gone: what was held will come again, perhaps with other numbers. */
  forgetHeld() {
    this.#held.clear();
  }

  /** Older messages, oldest first, from `history`. */
  prepend(messages, more) {
    const older = messages.filter(({ n }) => n < this.first);
    this.#entries.unshift(...this.#asEntries(older));
    this.first = older[0]?.n ?? this.first;
    this.more = more;
    this.emit("change");
  }

  /** Somebody came, went, or has another name: `what` is joined, left or renamed. */
  announce(what, people, ts, from) {
    this.#entries = withAnnouncement(this.#entries, { what, people, ts, from });
    this.emit("change");
  }

  /** This person is called so now. */
  rename({ id, name }) {
    if (this.names.get(id) === name) return;
    this.names.set(id, name);
    if (this.names.size > MOST_NAMES) this.#forgetNames();
    this.emit("change");
  }

  /** A message of one's own is here. These were written before it and not sent; each stays above the first such. */
  keepAbove(cid, unsent) {
    for (const one of unsent) if (!this.above.has(one)) this.above.set(one, cid);
  }

  /** Draws the line "new" before the first of `unread` messages; it stays where it is. */
  markNews(firstUnread, unread) {
    this.news = unread > 0 ? { n: firstUnread, count: unread } : null;
    this.#gathering = false;
    this.emit("change");
  }

  /** Takes the line away: everything was read, and something was said. */
  clearNews() {
    if (this.news) this.markNews(0, 0);
  }

  /**
   * Message `n` came while nobody looked. The line stands before the first of those, unless something
   * before it is unread too: then it stays where it is.
   */
  missed(n, readUpTo) {
    const stays = this.news && (this.#gathering || readUpTo < n - 1);
    this.news = stays ? { n: this.news.n, count: this.news.count + 1 } : { n, count: 1 };
    this.#gathering = true;
    this.emit("change");
  }

  /** Somebody looks again: the line does not move any more. */
  noticed() {
    this.#gathering = false;
  }

  /** What came after number `n`: the last `own` message, or 0, and how many of `others` came after that. */
  since(n, me) {
    const came = this.messages.filter((message) => message.n > n);
    const own = came.findLastIndex(({ author }) => author.id === me);
    return { own: came[own]?.n ?? 0, others: came.length - own - 1 };
  }

  /** The number of the first of the last `unread` messages of others, 0 when there is none. */
  firstOfLast(unread, me) {
    const theirs = this.messages.filter(({ author }) => author.id !== me);
    if (!unread || !theirs.length) return 0;
    return theirs.at(-Math.min(unread, theirs.length)).n;
  }

  #applyNext(event) {
    this.seq = event.seq;
    if (event.kind === "message") this.#add(event.message);
    else if (event.kind === "edit") this.#change(event.id, edited(event));
    else if (event.kind === "reaction") this.#change(event.id, reacted(event));
    else if (event.kind === "delete") {
      this.#entries = this.#entries.filter(({ message }) => message?.id !== event.id);
    }
  }

  #add(message) {
    this.n = message.n;
    this.#entries.push(...this.#asEntries([message], { live: true }));
  }

  #asEntries(messages, { live = false } = {}) {
    const there = messages.filter(({ deleted }) => !deleted);
    return there.map((message) => ({ kind: "message", message, revision: ++this.#told, live }));
  }

  #change(id, change) {
    const entry = this.#entry(id);
    if (!entry) return;
    entry.message = change(entry.message);
    entry.revision = ++this.#told;
  }

  #entry(id) {
    return this.#entries.findLast(({ message }) => message?.id === id);
  }

  #drain() {
    for (const seq of [...this.#held.keys()].sort((a, b) => a - b)) {
      if (seq > this.seq + 1) return;
      if (seq === this.seq + 1) this.#applyNext(this.#held.get(seq));
      this.#held.delete(seq);
    }
  }

  /** Something was held and is still too early: a piece is missing. */
  get incomplete() {
    return this.#held.size > 0;
  }

  #learn(names) {
    for (const [id, name] of Object.entries(names)) this.names.set(id, name);
  }

  /** Many people come and go in days; those whose messages are here keep their names. */
  #forgetNames() {
    const wrote = new Set(this.messages.map(({ author }) => author.id));
    const others = [...this.names.keys()].filter((id) => !wrote.has(id));
    for (const id of others.slice(0, -MOST_NAMES / 2)) this.names.delete(id);
  }

  #trim() {
    const surplus = this.#entries.length - (this.readBack ? MOST_READ_BACK : MOST_ENTRIES);
    if (surplus <= 0) return;
    this.#entries.splice(0, surplus);
    this.first = this.oldest?.n ?? this.n + 1;
    this.more = true;
  }
}

const edited = (event) => (message) => ({
  ...message,
  body: event.body,
  edited_at: event.edited_at,
});

const reacted = (event) => (message) => ({
  ...message,
  reactions: withReaction(message.reactions ?? [], event),
});
