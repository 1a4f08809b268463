import { isPersonal } from "chat/called.js";
import { Emitter } from "chat/emitter.js";

/**
 * The rooms of the list: the server's first channel, then the others by name as it orders them; and personal
 * chats, the last active one first. Emits `change`.
 */
export class Rooms extends Emitter {
  #rooms = new Map();
  #first;

  constructor(rooms = []) {
    super();
    this.#take(rooms);
  }

  get all() {
    return [...this.#rooms.values()].sort((a, b) => this.#place(a, b));
  }

  get channels() {
    return this.all.filter((room) => !isPersonal(room));
  }

  /** The last active one first. */
  get personal() {
    return [...this.#rooms.values()].filter(isPersonal).sort((a, b) => b.active - a.active);
  }

  /** Where somebody goes who may not stay where they are. */
  get first() {
    return this.channels.find(({ private: secret, archived }) => !secret && !archived);
  }

  get(room) {
    return this.#rooms.get(room);
  }

  /** What the server lists now; `keep` stays even when it is not listed. */
  replace(rooms, keep) {
    const listed = new Set(rooms.map(({ room }) => room));
    for (const room of this.#rooms.keys()) {
      if (!listed.has(room) && room !== keep) this.#rooms.delete(room);
    }
    this.#take(rooms);
    this.emit("change");
  }

  /** A room was made, renamed, archived or given another topic, or is there for this person now. */
  upsert(room) {
    const active = room.active || this.#rooms.get(room.room)?.active || this.#latest + 1;
    this.#merge({ ...room, active });
    this.emit("change");
  }

  /** Something was said in it: of the personal chats it is the first now. */
  touch(room) {
    const known = this.#rooms.get(room);
    if (!known || !isPersonal(known) || this.personal[0] === known) return;
    this.#merge({ room, active: this.#latest + 1 });
    this.emit("change");
  }

  /** Nobody is here any more: what not everybody sees goes. */
  forgetPrivate() {
    for (const { room, private: secret, kind } of this.all) {
      if (secret || isPersonal({ kind })) this.#rooms.delete(room);
    }
    this.emit("change");
  }

  remove(room) {
    if (this.#rooms.delete(room)) this.emit("change");
  }

  get #latest() {
    return Math.max(0, ...this.personal.map(({ active }) => active));
  }

  /** Where nothing was said yet, a chat stands where the server has put it: over the next one. */
  #take(rooms) {
    this.#first = rooms[0]?.room;
    let below = 0;
    const placed = rooms.toReversed().map((room) => {
      if (!isPersonal(room)) return room;
      below = room.active || below;
      return { ...room, active: below };
    });
    for (const room of placed.reverse()) this.#merge(room);
  }

  #place(a, b) {
    if (a.room === this.#first) return -1;
    if (b.room === this.#first) return 1;
    const [one, other] = [a.name.toLowerCase(), b.name.toLowerCase()];
    return one < other ? -1 : Number(one > other);
  }

  #merge(news) {
    this.#rooms.set(news.room, { ...this.#rooms.get(news.room), ...news });
  }
}
