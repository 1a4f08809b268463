import { Emitter } from "chat/emitter.js";
import { History } from "chat/history.js";
import { Presence } from "chat/models/presence.js";
import { Applied } from "chat/models/timeline.js";
import { Timelines } from "chat/models/timelines.js";
import { Typing } from "chat/models/typing.js";
import { ErrorCode, frame } from "chat/protocol.js";

/**
 * The one room that this tab is in, and the timelines of those it was in before.
 *
 * Joins it, resumes it after a loss, asks for what is missing, and keeps timeline, presence and typing
 * true. Emits `room` (another one is shown), `joined {room, caughtUp, entered, returned}`, `filled` (what is
 * unread is there up to the line "new"), `older` (older messages are asked for, or have come) and
 * `refused {room, code}`.
 */
export class Conversation extends Emitter {
  #session;
  #ask;
  #say;
  #clock;
  #history;
  #typedAt = -Infinity;
  #joining = false;
  #entering = false;
  #returning = false;
  /** Number of the first unread message, until what is unread has been fetched. */
  #unreadFrom = null;

  room;
  /** The server has answered a join on the present connection: what is shown is how it is. */
  arrived = false;
  timelines = new Timelines();
  presence = new Presence();
  typing;

  /**
   * `session` has `me`, `outbox`, `unread` and `connected`; `ask(type, fields)` returns the reply, `say(frame)`
   * is for what has none.
   */
  constructor({ room, session, ask, say, clock }) {
    super();
    this.room = room;
    this.#session = session;
    this.#ask = ask;
    this.#say = say;
    this.#clock = clock;
    const came = (timeline, page) => this.#prepend(timeline, page);
    this.#history = new History({ session, ask, clock, came });
    this.#history.on("change", () => this.emit("older"));
    this.typing = new Typing(clock);
    this.presence.on("news", (news) => this.#announce(news));
  }

  get timeline() {
    return this.timelines.of(this.room);
  }

  /** Starts from what the server has drawn. */
  begin(page, { unread = 0 }) {
    this.timeline.reset(page);
    const above = unread && page.first_unread < this.timeline.oldest?.n;
    const first = above ? page.first_unread : this.timeline.firstOfLast(unread, page.me.id);
    this.#markNews(this.timeline, first, unread);
    this.#unreadFrom = first;
  }

  /** Shows another room; the server takes this tab out of the one before. */
  enter(room) {
    if (room === this.room) return;
    this.room = room;
    this.timelines.enter(room);
    this.#entering = true;
    this.#unreadFrom = null;
    this.presence.clear();
    this.typing.clear();
    this.emit("room");
    if (this.#session.connected) this.join();
  }

  /** Asks for everything after what is here. */
  async join() {
    const { room } = this;
    this.#joining = true;
    try {
      // Its answer is handled by `joined`, before any frame that follows it.
      await this.#ask("join", { room, at: this.timeline.at });
    } catch (error) {
      if (room === this.room) this.#notJoined(room, error);
    }
  }

  /** The answer to a join, or the server's own reset of the room. */
  joined(received) {
    const { room, reset, epoch, seq, members } = received;
    if (!this.#knows(room)) return;
    if (room === this.room) this.#joining = false;
    this.arrived ||= room === this.room;
    const timeline = this.timelines.of(room);
    const sameLog = timeline.epoch === null || timeline.epoch === epoch;
    const news = reset ? timeline.reset(received) : timeline.catchUp(received);
    for (const message of timeline.messages) this.#settle(message);
    this.#session.outbox.dropAcknowledged(room, sameLog ? seq : Infinity);
    if (room !== this.room) return;
    const since = (known) => timeline.since(known, this.#session.me?.id);
    this.#session.unread.entered(room, { epoch, n: timeline.n }, since);
    this.#recount(timeline);
    if (this.#entering) {
      this.#unreadFrom = received.first_unread;
      this.#markNews(timeline, received.first_unread, this.#session.unread.of(room));
    }
    this.presence.replace(members);
    members.people.forEach((person) => timeline.rename(person));
    const [entered, returned] = [this.#entering, this.#returning];
    this.emit("joined", { room, caughtUp: news, entered, returned });
    this.#entering = false;
    this.#returning = false;
    if (timeline.incomplete) this.join();
    else this.#fillUp();
  }

  /** An `event` frame, of this room or of one that was left a moment ago. */
  event(event) {
    if (!this.#knows(event.room)) return;
    const timeline = this.timelines.of(event.room);
    const applied = timeline.apply(event);
    const here = event.room === this.room && this.#session.connected;
    if (applied === Applied.GAP && here && !this.#joining) this.join();
    if (event.kind === "delete" && event.room === this.room) this.#recount(timeline);
    // What came too early counts when it is caught up with.
    if (applied !== Applied.NEXT || event.kind !== "message") return;
    const { author, n } = event.message;
    const own = author.id === this.#session.me?.id;
    this.#settle(event.message);
    if (!own && event.room === this.room && !this.#session.watched) this.#missed(event.message);
    this.#session.unread.message(event.room, n, own);
    this.#session.rooms.touch(event.room);
    this.typing.stop(author.id);
  }

  /** A message was acknowledged: its event may have come before, or be still on its way. */
  stored({ cid, room }, ack) {
    const { outbox } = this.#session;
    const coming = this.timelines.has(room) && ack.seq > this.timelines.of(room).seq;
    if (coming) outbox.acknowledged(cid, ack);
    else outbox.remove(cid);
  }

  /** Moves the reader's marker in a room; false when that has to be said again. */
  async read({ room, epoch }, n) {
    const { unread, reads } = this.#session;
    try {
      const reply = await this.#ask("read", { room, epoch, n });
      unread.read(room, { epoch, n, unread: reply.unread });
    } catch (error) {
      if (error.passing) return false;
      // The next connection begins with it.
      if (error.code === ErrorCode.DISCONNECTED) return true;
    }
    reads?.told({ room, epoch }, n);
    return true;
  }

  /** Somebody types here: told to the others, not too often. */
  typed() {
    const { connected, limits } = this.#session;
    const pause = (limits.typing_seconds ?? 0) * 1000;
    if (!connected || this.#clock.now() - this.#typedAt < pause) return;
    this.#typedAt = this.#clock.now();
    this.#say(frame("typing", { room: this.room }));
  }

  /** Older messages are on their way. */
  get fetching() {
    return this.#history.isFetching(this.timeline);
  }

  /** Fetches what stands above what is here, unless that is under way. */
  older() {
    return this.#history.older(this.timeline);
  }

  /** Fetches older messages until this one is there; resolves with a `Sought`. */
  seek(id) {
    const { room } = this;
    return this.#history.seek(this.timeline, id, () => room === this.room);
  }

  /** Fetches what is unread and did not come with the room, so that the line "new" stands where it belongs. */
  async #fillUp() {
    const { room, timeline } = this;
    const first = this.#unreadFrom;
    this.#unreadFrom = null;
    const isHere = () => room === this.room;
    if (first && (await this.#history.reach(timeline, first, isHere)) && isHere()) this.emit("filled");
  }

  /** A line at the very top stands there only because what it belongs before was not here. */
  #prepend(timeline, { messages, more }) {
    const { news, oldest } = timeline;
    timeline.prepend(messages, more);
    if (!news || news.n !== oldest?.n) return;
    this.#markNews(timeline, timeline.firstOfLast(news.count, this.#session.me?.id), news.count);
  }

  /** What people are called now, by id, as far as this room tells. */
  get people() {
    const { me } = this.#session;
    const wrote = this.timeline.messages.map(({ author }) => [author.id, author.name]);
    const here = this.presence.people.map(({ id, name }) => [id, name]);
    return new Map([...wrote, ...here, ...this.timeline.names, [me?.id, me?.name]]);
  }

  /** Asks who is here: everybody anew, or with `more` the people after those that are known. */
  async askMembers({ more = false } = {}) {
    const { room } = this;
    const after = more ? this.presence.lastListed : undefined;
    const { members } = await this.#ask("members", { room, after });
    if (room !== this.room) return;
    if (more) this.presence.add(members);
    else this.presence.replace(members);
  }

  /** The connection is gone. */
  lost() {
    this.arrived = false;
    this.#returning = true;
    this.#joining = false;
    this.timelines.forgetHeld();
    this.typing.clear();
  }

  /** Whoever this was is somebody else now. */
  forget() {
    this.timelines.clear();
    this.presence.clear();
    this.typing.clear();
  }

  #knows(room) {
    return room === this.room || this.timelines.has(room);
  }

  #notJoined(room, error) {
    this.#joining = false;
    if (error.passing) {
      this.#clock.setTimeout(() => {
        if (room === this.room && this.#session.connected) this.join();
      }, error.waitMs);
    } else if (error.code !== ErrorCode.DISCONNECTED) {
      this.arrived = true;
      this.emit("refused", { room, code: error.code });
    }
  }

  /** Where everything is new, a line says nothing. */
  #markNews(timeline, first, unread) {
    const worth = first && (timeline.more || first > timeline.oldest?.n);
    timeline.markNews(first, worth ? unread : 0);
  }

  /** What was deleted before it was read is not unread; where something unread is not here, that is not known. */
  #recount(timeline) {
    const { unread, me } = this.#session;
    const read = unread.readOf(timeline.room);
    if (timeline.more && timeline.first > read + 1) return;
    unread.atMost(timeline.room, timeline.since(read, me?.id).others, timeline.n);
  }

  #missed({ room, n }) {
    this.timeline.missed(n, this.#session.unread.readOf(room));
  }

  /** A message that is in the timeline waits no longer in the outbox, and keeps its place under what does. */
  #settle({ room, author, cid }) {
    const { me, outbox } = this.#session;
    if (author.id !== me?.id) return;
    const written = outbox.inRoom(room).map((unsent) => unsent.cid);
    this.timelines.of(room).keepAbove(cid, written.slice(0, Math.max(0, written.indexOf(cid))));
    outbox.remove(cid);
  }

  #announce({ what, people, from }) {
    // Who comes with another name than the one they wrote under may have changed it a moment ago.
    if (what !== "left") people.forEach((person) => this.timelines.rename(person));
    if (what === "left") people.forEach(({ id }) => this.typing.stop(id));
    // Of the two people of a personal chat the head says who is here.
    if (this.room.startsWith("direct:")) return;
    this.timeline.announce(what, people, this.#clock.now(), from);
  }
}
