import { isPersonal } from "chat/called.js";
import { Emitter } from "chat/emitter.js";

/**
 * The rooms of the list. Channels keep an order that does not jump: new ones come last. Personal chats
 * stand in the order of what was said last. Emits `change`.
 */
export class Rooms extends Emitter {
  #rooms = new Map();

  constructor(rooms = []) {
    super();
    this.#take(rooms);
  }

  get all() {
    return [...this.#rooms.values()];
  }

  get channels() {
    return this.all.filter((room) => !isPersonal(room));
  }

  /** Personal chats, the last active one first. */
  get personal() {
    return this.all.filter(isPersonal).sort((a, b) => b.active - a.active);
  }

  /** The personal chat with this person, if it is listed. */
  withPerson(id) {
    return this.personal.find(({ person }) => person?.id === id);
  }

  /** Where somebody goes who may not stay where they are. */
  get first() {
    return this.channels.find(({ private: secret, archived }) => !secret && !archived);
  }

  get(room) {
    return this.#rooms.get(room);
  }

  /** What the server lists now. Known rooms keep their place; `keep` stays even when it is not listed. */
  replace(rooms, keep) {
    const listed = new Map(rooms.map((room) => [room.room, room]));
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

  remove(room) {
    if (this.#rooms.delete(room)) this.emit("change");
  }

  get #latest() {
    return Math.max(0, ...this.personal.map(({ active }) => active));
  }

  /** Where nothing was said yet, a chat stands where the server has put it: over the next one. */
  #take(rooms) {
    let below = 0;
    const placed = rooms.toReversed().map((room) => {
      if (!isPersonal(room)) return room;
      below = room.active || below;
      return { ...room, active: below };
    });
    for (const room of placed.reverse()) this.#merge(room);
  }

  #merge(news) {
    this.#rooms.set(news.room, { ...this.#rooms.get(news.room), ...news });
  }
}
