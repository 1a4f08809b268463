import { Belongings } from "chat/belongings.js";
import { newCid } from "chat/cid.js";
import { browserClock } from "chat/clock.js";
import { Conversation } from "chat/conversation.js";
import { Emitter } from "chat/emitter.js";
import { handlersOf } from "chat/handlers.js";
import { Rooms } from "chat/models/rooms.js";
import { Unread } from "chat/models/unread.js";
import { After, VERSION } from "chat/protocol.js";
import { Requests } from "chat/requests.js";
import { SocketState } from "chat/socket.js";

const PROBE_MS = 5_000;

/**
 * What this page is to the server: one person, in one room. Takes frames from the socket, keeps the
 * models true, and sends what the person does.
 *
 * Emits `connection`, `me`, `outbox`, `changes`, `online`, `removed {channel}`, `identify` (a name is
 * needed), `reload`, and what its conversation emits: `room`, `joined`, `filled`, `older`, `refused`.
 */
export class Session extends Emitter {
  #socket;
  #storage;
  #clock;
  #requests;
  #own = null;
  #handlers;
  #conversation;

  me = null;
  limits;
  /** What this person may do that not everybody may: "keep_all", "moderate". */
  may;
  online;
  /** Somebody has this page before their eyes. */
  watched = true;
  /** `welcome` has come on the present connection. */
  connected = false;
  /** Private channels that this person is leaving, in this tab. */
  leaving = new Set();

  constructor({ page, socket, storage, clock = browserClock }) {
    super();
    this.#socket = socket;
    this.#storage = storage;
    this.#clock = clock;
    const say = (made) => socket.send(made);
    this.#requests = new Requests(say);
    this.limits = page.limits;
    this.may = page.may ?? [];
    this.online = page.online ?? null;
    this.rooms = new Rooms(page.rooms);
    this.unread = new Unread(page.rooms);
    const ask = (type, fields) => this.ask(type, fields);
    this.#conversation = new Conversation({ room: page.room, session: this, ask, say, clock });
    for (const name of ["room", "joined", "filled", "older", "refused"]) {
      this.#conversation.on(name, (detail) => this.emit(name, detail));
    }
    this.#handlers = handlersOf(this, this.#conversation, {
      reply: (received) => this.#requests.answer(received),
      welcome: (received) => this.#welcome(received),
      complaint: (received) => this.#complaint(received),
      me: (me) => this.#become(me),
      online: (count) => this.#countOnline(count),
      say,
    });
    if (page.me) this.#begin(page);
    socket.on("frame", (received) => this.receive(received));
    socket.on("change", () => this.#socketChanged());
  }

  /** What this person wrote and is not known to be in its room; null without a person, like the next two. */
  get outbox() {
    return this.#own?.outbox ?? null;
  }

  /** What they do to messages that are there already. */
  get changes() {
    return this.#own?.changes ?? null;
  }

  /** How far they have read without the server's knowing yet. */
  get reads() {
    return this.#own?.reads ?? null;
  }

  get room() {
    return this.#conversation.room;
  }

  get timeline() {
    return this.#conversation.timeline;
  }

  get presence() {
    return this.#conversation.presence;
  }

  /** Connected, and in the room or refused by it. */
  get arrived() {
    return this.connected && this.#conversation.arrived;
  }

  /** Older messages are on their way. */
  get fetching() {
    return this.#conversation.fetching;
  }

  get typing() {
    return this.#conversation.typing;
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
    this.#own?.close();
    this.#own = null;
    this.me = null;
    this.#conversation.forget();
    this.unread.replace([]);
    this.rooms.forgetPrivate();
    this.emit("me");
    // What stands over the conversation is the room's own.
    this.emit(this.rooms.get(this.room) ? "identify" : "reload");
  }

  /** Shows another room. */
  enter(room) {
    if (room !== this.room) this.changes?.commit();
    this.#conversation.enter(room);
  }

  /** Puts a message in the outbox; it leaves as soon as it can. `quote` is what it answers, if anything. */
  send(body, { room = this.room, quote, attachments = [] } = {}) {
    const [cid, ts] = [newCid(), this.#clock.now()];
    this.outbox.add({ cid, room, body, ts, quote, attachments });
    if (room === this.room) this.timeline.clearNews();
  }

  retry(cid) {
    this.outbox.askAgain(cid, this.#clock.now());
  }

  /** Somebody types here: told to the others, not too often. */
  typed() {
    this.#conversation.typed();
  }

  /** Moves this person's marker in a log, `{room, epoch}`; resolves with false when that has to be said again. */
  read(log, n) {
    return this.#conversation.read(log, n);
  }

  /** Fetches what stands above what is here. */
  older() {
    return this.#conversation.older();
  }

  /** Fetches older messages until this one is there; resolves with a `Sought`. */
  seek(id) {
    return this.#conversation.seek(id);
  }

  /** What people of the present room are called now, by id. */
  get people() {
    return this.#conversation.people;
  }

  /** Asks who is in the present room, `more` for those after the ones that are known. */
  askMembers(how) {
    return this.#conversation.askMembers(how);
  }

  /** The room is none of this person's any more: nothing of it stays. */
  lose(channel) {
    this.emit("removed", { channel: { ...channel, left: this.leaving.delete(channel.room) } });
    this.#conversation.timelines.forget(channel.room);
    this.rooms.remove(channel.room);
    this.unread.forget(channel.room);
  }

  /** Asks the server for something; resolves with its reply. Throws a ReplyError. */
  ask(type, fields) {
    return this.#requests.ask(type, fields);
  }

  /** The network may have changed under us: makes the server say something, or the socket start anew. */
  probe() {
    this.#socket.retryNow();
    if (this.connected) this.#socket.expectSoon(PROBE_MS, this.#conversation.join());
  }

  /** Handles one frame of the server; a type it does not know is for a newer page. */
  receive(received) {
    this.#handlers[received.type]?.(received);
  }

  #begin(page) {
    this.#become(page.me);
    this.#readAlready();
    this.#conversation.begin(page, { unread: this.unread.of(page.room) });
  }

  #welcome({ version, me, rooms, online, limits, may = [] }) {
    if (version !== VERSION || (this.me !== null && this.me.id !== me.id)) {
      this.emit("reload");
      return;
    }
    this.#socket.settled();
    this.#socket.silence = limits.silence_seconds * 1000;
    this.typing.shownFor = limits.typing_shown_seconds * 1000;
    this.limits = limits;
    this.may = may;
    this.connected = true;
    this.#become(me);
    this.rooms.replace(rooms, this.room);
    this.unread.replace(rooms);
    this.#countOnline(online);
    this.#conversation.join();
    this.#readAlready();
    for (const { n, ...log } of this.reads.all) this.read(log, n);
    this.#own.open();
    this.emit("connection");
  }

  /** What was read before the server rendered or counted, though it did not know it then. */
  #readAlready() {
    for (const { room, ...marker } of this.reads.all) this.unread.readAlready(room, marker);
  }

  #become(me) {
    if (this.me?.id !== me.id) this.#equip(me);
    else if (this.me.name !== me.name) this.#conversation.timelines.rename(me);
    this.me = me;
    this.emit("me");
  }

  #equip({ id }) {
    this.#own = new Belongings({
      personId: id,
      storage: this.#storage,
      clock: this.#clock,
      ask: (type, fields) => this.ask(type, fields),
      stored: (entry, ack) => this.#conversation.stored(entry, ack),
      seqOf: (room) => this.#conversation.timelines.of(room).seq,
    });
    for (const name of ["outbox", "changes"]) this.#own.on(name, () => this.emit(name));
    this.emit("outbox");
  }

  #socketChanged() {
    const { state, ending } = this.#socket;
    if (state !== SocketState.OPEN) this.#disconnected();
    if (ending?.what === After.IDENTIFY) this.forget();
    if (ending?.what === After.RELOAD) this.emit("reload");
    this.emit("connection");
  }

  /** Also before `welcome` something may have been asked. */
  #disconnected() {
    if (this.connected) {
      this.connected = false;
      this.#conversation.lost();
      this.#own?.close();
    }
    this.#requests.abandon();
  }

  /** A complaint about no command of ours: the server may tell how long to stay away. */
  #complaint({ retry_after: seconds }) {
    if (seconds) this.#socket.restFor(seconds * 1000);
  }

  #countOnline(count) {
    this.online = count;
    this.emit("online");
  }
}
