import { Emitter } from "chat/emitter.js";

/**
 * How many unread messages each room has. The server's numbers are exact; between two of them this
 * counts what `heads` and `event` frames tell. Emits `change`.
 */
export class Unread extends Emitter {
  #rooms = new Map();

  constructor(rooms = []) {
    super();
    this.#take(rooms);
  }

  of(room) {
    return this.#rooms.get(room)?.unread ?? 0;
  }

  /** Up to which message this person has read the room. */
  readOf(room) {
    return this.#rooms.get(room)?.read ?? 0;
  }

  get total() {
    return [...this.#rooms.values()].reduce((sum, { unread }) => sum + unread, 0);
  }

  /** From `welcome`: this is how it is. */
  replace(rooms) {
    this.#rooms.clear();
    this.#take(rooms);
    this.emit("change");
  }

  /** A room that was not listed. */
  learn(room) {
    if (!this.#rooms.has(room.room)) this.#take([room]);
  }

  /** What the server tells of one room; what came later is kept. */
  learnNow(room, { epoch, n, read, unread }) {
    const known = this.#rooms.get(room);
    if (known?.epoch === epoch && n < known.n) return;
    this.#rooms.set(room, counted({ epoch, n, read, unread }));
    this.emit("change");
  }

  /** The room is none of this person's any more. */
  forget(room) {
    if (this.#rooms.delete(room)) this.emit("change");
  }

  /** Whether this head has a message that was not known. */
  isNews(room, { epoch, n }) {
    const known = this.#rooms.get(room);
    return known?.epoch === epoch ? n > known.n : n > 0;
  }

  /** `{room: {epoch, seq, n}}` of rooms that this tab is not in. */
  heads(rooms) {
    for (const [room, { epoch, n }] of Object.entries(rooms)) {
      // Of a room that came into the list later, a head tells that something was said, not since when.
      const known = this.#in(room, { epoch, n }) ?? { epoch, n: Math.max(0, n - 1), read: 0, unread: 0 };
      known.unread += Math.max(0, n - known.n);
      known.n = Math.max(known.n, n);
      this.#rooms.set(room, known);
    }
    this.emit("change");
  }

  /**
   * The room that this tab is in has `n` messages now: it may have another log, be seen for the first time, or
   * have gone on unheard. `since(n)` tells of what came after a number: `own`, the last that this person wrote,
   * or 0, and how many of others came after that.
   */
  entered(room, { epoch, n }, since) {
    const known = this.#in(room, { epoch, n });
    if (!known) {
      this.#rooms.set(room, { epoch, n, read: 0, unread: 0 });
    } else if (n > known.n) {
      const { own, others } = since(Math.max(known.n, known.read));
      if (own) Object.assign(known, { read: own, unread: 0 });
      known.unread += others;
      known.n = n;
    }
    this.emit("change");
  }

  /** A message came into the room that this tab is in. */
  message(room, n, own) {
    const known = this.#rooms.get(room);
    if (!known || n <= known.n) return;
    known.n = n;
    if (own) Object.assign(known, { read: n, unread: 0 });
    else known.unread += 1;
    this.emit("change");
  }

  /** Of the first `n` messages so many are left that can be unread. */
  atMost(room, most, n) {
    const known = this.#rooms.get(room);
    if (!known || known.n > n || known.unread <= most) return;
    known.unread = most;
    this.emit("change");
  }

  /** The marker moved: here, or in another tab. */
  read(room, { epoch, n, unread }) {
    const known = this.#rooms.get(room);
    if (known?.epoch !== epoch) return;
    known.read = Math.max(known.read, n);
    known.unread = unread;
    // The room had at least so many messages then: a head that tells of them is no news.
    known.n = Math.max(known.n, n + unread);
    this.emit("change");
  }

  /** The server did not know yet that somebody has read up to `n` when it counted. */
  readAlready(room, { epoch, n }) {
    const known = this.#rooms.get(room);
    if (known?.epoch !== epoch || n <= known.read) return;
    this.read(room, { epoch, n, unread: Math.min(known.unread, Math.max(0, known.n - n)) });
  }

  /**
   * What is known of a room, in the log that it has now. A channel that keeps more or less from now on takes its
   * messages along, with their numbers. A log that was cleared, or came back older, has fewer messages: how many
   * of them were read nobody tells, and no more are unread than were before.
   */
  #in(room, { epoch, n }) {
    const known = this.#rooms.get(room);
    if (!known || known.epoch === epoch) return known;
    known.epoch = epoch;
    if (n >= known.n) return known;
    return Object.assign(known, { n, read: 0, unread: Math.min(known.unread, n) });
  }

  #take(rooms) {
    for (const { room, epoch, n, read, unread } of rooms) {
      this.#rooms.set(room, counted({ epoch, n, read, unread }));
    }
  }
}

/** The server looks where a log ends, and then counts: what came in between is in the count already. */
const counted = ({ epoch, n, read, unread }) => ({ epoch, n: Math.max(n, read + unread), read, unread });
