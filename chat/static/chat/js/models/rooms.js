import { Emitter } from "chat/emitter.js";

/** The rooms of the list: the server's first one, then the others by name as it orders them. Emits `change`. */
export class Rooms extends Emitter {
  #rooms = new Map();
  #first;

  constructor(rooms = []) {
    super();
    this.#first = rooms[0]?.room;
    for (const room of rooms) this.#rooms.set(room.room, room);
  }

  get all() {
    return [...this.#rooms.values()].sort((a, b) => this.#place(a, b));
  }

  get(room) {
    return this.#rooms.get(room);
  }

  bySlug(slug) {
    return this.all.find((room) => room.slug === slug);
  }

  /** What the server lists now; `keep` stays even when it is not listed. */
  replace(rooms, keep) {
    this.#first = rooms[0]?.room;
    const listed = new Map(rooms.map((room) => [room.room, room]));
    for (const room of this.#rooms.keys()) {
      if (!listed.has(room) && room !== keep) this.#rooms.delete(room);
    }
    for (const [room, state] of listed) this.#merge(room, state);
    this.emit("change");
  }

  /** A channel was made, renamed, archived or given another topic. */
  upsert(channel) {
    this.#merge(channel.room, channel);
    this.emit("change");
  }

  #place(a, b) {
    if (a.room === this.#first) return -1;
    if (b.room === this.#first) return 1;
    const [one, other] = [a.name.toLowerCase(), b.name.toLowerCase()];
    return one < other ? -1 : Number(one > other);
  }

  #merge(room, news) {
    this.#rooms.set(room, { ...this.#rooms.get(room), ...news });
  }
}
