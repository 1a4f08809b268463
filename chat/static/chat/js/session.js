import { newCid } from "chat/cid.js";
import { browserClock } from "chat/clock.js";
import { Delivery } from "chat/delivery.js";
import { Emitter } from "chat/emitter.js";
import { Outbox } from "chat/models/outbox.js";
import { Presence } from "chat/models/presence.js";
import { Rooms } from "chat/models/rooms.js";
import { Timelines } from "chat/models/timelines.js";
import { Applied } from "chat/models/timeline.js";
import { Typing } from "chat/models/typing.js";
import { Unread } from "chat/models/unread.js";
import { After, ErrorCode, frame, VERSION } from "chat/protocol.js";
import { Requests } from "chat/requests.js";
import { SocketState } from "chat/socket.js";

const HISTORY_PAGE = 50;
const PROBE_MS = 5_000;
const JOIN_AGAIN_S = 2;

/**
 * What this page is to the server: one person, in one room. Takes frames from the socket, keeps the
 * models true, and sends what the person does.
 *
 * Emits `connection`, `me`, `room` (another one is shown), `joined {room, caughtUp, returned}`,
 * `refused {room, code}`, `online`, `identify` (a name is needed) and `reload`.
 */
export class Session extends Emitter {
  #socket;
  #storage;
  #clock;
  #requests;
  #delivery = null;
  #handlers;
  #joining = false;
  #entering = false;
  #returning = false;
  #typedAt = -Infinity;

  me;
  room;
  limits;
  online;
  outbox = null;
  /** `welcome` has come on the present connection. */
  connected = false;

  constructor({ page, socket, storage, clock = browserClock }) {
    super();
    this.#socket = socket;
    this.#storage = storage;
    this.#clock = clock;
    this.#requests = new Requests((made) => socket.send(made));
    this.me = null;
    this.room = page.room;
    this.limits = page.limits;
    this.online = page.online ?? null;
    this.rooms = new Rooms(page.rooms);
    this.unread = new Unread(page.rooms);
    this.presence = new Presence();
    this.typing = new Typing(clock);
    this.timelines = new Timelines();
    this.#handlers = this.#byType();
    this.#begin(page);
    socket.on("frame", (received) => this.receive(received));
    socket.on("change", () => this.#socketChanged());
    this.presence.on("news", (news) => this.#announce(news));
  }

  get timeline() {
    return this.timelines.of(this.room);
  }

  /** The types of frame that this understands. */
  get understands() {
    return Object.keys(this.#handlers);
  }

  /** Opens the connection, once there is somebody to be. */
  start() {
    if (this.me) this.#socket.start();
  }

  /** Who this is from now on: after a first name, or a change of it. */
  identify(me) {
    this.#become(me);
    this.#socket.start();
  }

  /** Logged out: nothing that was this person's stays in the page. */
  forget() {
    this.#socket.stop();
    this.#delivery?.close();
    this.#delivery = null;
    this.me = null;
    this.outbox = null;
    this.timelines.clear();
    this.presence.clear();
    this.emit("me");
    this.emit("identify");
  }

  /** Shows another room; the server takes this tab out of the one before. */
  enter(room) {
    if (room === this.room) return;
    this.room = room;
    this.timelines.enter(room);
    this.#entering = true;
    this.presence.clear();
    this.typing.clear();
    this.emit("room");
    if (this.connected) this.#join();
  }

  /** Puts a message in the outbox; it leaves as soon as it can. */
  send(body) {
    this.outbox.add({ cid: newCid(), room: this.room, body, ts: this.#clock.now() });
    this.#typedAt = -Infinity;
    this.#delivery.poke();
  }

  retry(cid) {
    this.outbox.retry(cid);
    this.#delivery.poke();
  }

  discard(cid) {
    this.outbox.remove(cid);
  }

  /** Somebody types here: told to the others, not too often. */
  typed() {
    const pause = (this.limits.typing_seconds ?? 0) * 1000;
    if (!this.connected || this.#clock.now() - this.#typedAt < pause) return;
    this.#typedAt = this.#clock.now();
    this.#socket.send(frame("typing", { room: this.room }));
  }

  /** Moves this person's marker in the present room. */
  async read(n) {
    const { room, timeline } = this;
    if (!this.connected || timeline.epoch === null) return;
    const asked = this.#requests.ask("read", { room, epoch: timeline.epoch, n });
    const reply = await asked.catch(() => null);
    if (reply) this.unread.read(room, { n, unread: reply.unread });
  }

  /** Fetches what stands above the oldest message. */
  async older() {
    const { room, timeline } = this;
    const before = timeline.oldest?.n;
    if (!this.connected || !timeline.more || !before) return;
    const asked = this.#requests.ask("history", { room, before, limit: HISTORY_PAGE });
    const page = await asked.catch(() => null);
    if (page) timeline.prepend(page.messages, page.more);
  }

  /** The network may have changed under us: makes the server say something, or the socket start anew. */
  probe() {
    this.#socket.retryNow();
    if (!this.connected) return;
    this.#socket.expectSoon(PROBE_MS);
    this.#join();
  }

  /** Handles one frame of the server; a type it does not know is for a newer page. */
  receive(received) {
    this.#handlers[received.type]?.(received);
  }

  #byType() {
    const reply = (received) => this.#requests.answer(received);
    return {
      batch: ({ frames }) => frames.forEach((one) => this.receive(one)),
      welcome: (received) => this.#welcome(received),
      joined: (received) => reply(received) || this.#joined(received),
      event: (received) => this.#event(received),
      ack: reply,
      ok: reply,
      history: reply,
      error: (received) => reply(received) || this.#complaint(received),
      presence: (received) => received.room === this.room && this.presence.apply(received),
      typing: ({ room, by }) => room === this.room && this.typing.renew(by),
      channel: ({ channel }) => this.rooms.upsert(channel),
      heads: ({ rooms }) => this.unread.heads(rooms),
      online: ({ count }) => this.#countOnline(count),
      me: ({ me }) => this.#become(me),
      read: ({ room, n, unread }) => this.unread.read(room, { n, unread }),
      ping: ({ ts }) => this.#socket.send(frame("pong", { ts })),
    };
  }

  #begin(page) {
    if (!page.me) return;
    this.#become(page.me);
    this.timeline.reset(page);
    const { read, unread } = this.rooms.get(page.room) ?? {};
    if (read > 0) this.timeline.markNews(read + 1, unread);
  }

  #welcome({ version, me, rooms, online, limits }) {
    if (version !== VERSION) {
      this.emit("reload");
      return;
    }
    this.#socket.settled();
    this.#socket.silence = limits.silence_seconds * 1000;
    this.typing.shownFor = limits.typing_shown_seconds * 1000;
    this.limits = limits;
    this.connected = true;
    this.#become(me);
    this.rooms.replace(rooms, this.room);
    this.unread.replace(rooms);
    this.#countOnline(online);
    this.#join();
    this.#delivery.open();
    this.emit("connection");
  }

  #become(me) {
    if (this.me?.id !== me.id) this.#openOutbox(me);
    else if (this.me.name !== me.name) this.timelines.rename(me);
    this.me = me;
    this.emit("me");
  }

  #openOutbox(me) {
    const clock = this.#clock;
    this.outbox = new Outbox({ storage: this.#storage, personId: me.id, now: clock.now() });
    this.outbox.on("change", () => this.emit("outbox"));
    this.#delivery = new Delivery({
      outbox: this.outbox,
      ask: (type, fields) => this.#requests.ask(type, fields),
      clock,
      stored: (entry, ack) => this.#stored(entry, ack),
    });
    this.emit("outbox");
  }

  #socketChanged() {
    const { state, ending } = this.#socket;
    if (state !== SocketState.OPEN && this.connected) this.#disconnected();
    if (ending?.what === After.IDENTIFY) this.forget();
    if (ending?.what === After.RELOAD) this.emit("reload");
    this.emit("connection");
  }

  #disconnected() {
    this.connected = false;
    this.#returning = true;
    this.#joining = false;
    this.timelines.forgetHeld();
    this.typing.clear();
    this.#delivery?.close();
    this.#requests.abandon();
  }

  async #join() {
    const { room } = this;
    this.#joining = true;
    try {
      const reply = await this.#requests.ask("join", { room, at: this.timeline.at });
      if (room === this.room) this.#joining = false;
      this.#joined(reply);
    } catch (error) {
      if (room === this.room) this.#notJoined(room, error);
    }
  }

  #notJoined(room, error) {
    this.#joining = false;
    if (error.passing) {
      const wait = (error.retryAfter ?? JOIN_AGAIN_S) * 1000;
      this.#clock.setTimeout(() => room === this.room && this.connected && this.#join(), wait);
    } else if (error.code !== ErrorCode.DISCONNECTED) {
      this.emit("refused", { room, code: error.code });
    }
  }

  /** The answer to a join, or the server's own reset of the room. */
  #joined(received) {
    const { room, reset, epoch, seq, n, members } = received;
    if (room !== this.room && !this.timelines.has(room)) return;
    const timeline = this.timelines.of(room);
    const sameLog = timeline.epoch === null || timeline.epoch === epoch;
    const news = reset ? timeline.reset(received) : timeline.catchUp(received);
    this.outbox.dropAcknowledged(room, sameLog ? seq : Infinity);
    for (const { author, cid } of timeline.messages) this.#settle(author, cid);
    if (room !== this.room) return;
    if (this.#entering) this.#markNews(timeline, received);
    this.unread.entered(room, { epoch, n });
    this.presence.replace(members);
    this.emit("joined", { room, caughtUp: news, returned: this.#returning });
    this.#entering = false;
    this.#returning = false;
    if (timeline.incomplete) this.#join();
  }

  #markNews(timeline, { first_unread: first }) {
    const had = first > 1 ? this.unread.of(timeline.room) : 0;
    timeline.markNews(first, had);
  }

  #event(event) {
    if (event.room !== this.room && !this.timelines.has(event.room)) return;
    const timeline = this.timelines.of(event.room);
    const applied = timeline.apply(event);
    if (applied === Applied.GAP && event.room === this.room && this.connected && !this.#joining) {
      this.#join();
    }
    if (applied === Applied.OLD || event.kind !== "message") return;
    const { author, cid, n } = event.message;
    if (applied === Applied.NEXT) this.#settle(author, cid);
    this.unread.message(event.room, n, author.id === this.me?.id);
    this.typing.stop(author.id);
  }

  /** A message that is in the timeline waits no longer in the outbox. */
  #settle(author, cid) {
    if (author.id === this.me?.id) this.outbox.remove(cid);
  }

  /** The event may have come before its acknowledgement, or be still on its way. */
  #stored({ cid, room }, ack) {
    const here = this.timelines.has(room) && ack.seq > this.timelines.of(room).seq;
    if (here) this.outbox.acknowledged(cid, ack);
    else this.outbox.remove(cid);
  }

  #announce({ what, people, from }) {
    if (what === "renamed") this.timelines.rename(people[0]);
    if (what === "left") people.forEach(({ id }) => this.typing.stop(id));
    this.timeline.announce(what, people, this.#clock.now(), from);
  }

  #complaint({ retry_after: seconds }) {
    if (seconds) this.#socket.restFor(seconds * 1000);
  }

  #countOnline(count) {
    this.online = count;
    this.emit("online");
  }
}
