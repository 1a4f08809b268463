import { Emitter } from "chat/emitter.js";

/** The rooms of the list, in an order that does not jump: new ones come last. Emits `change`. */
export class Rooms extends Emitter {
  #rooms = new Map();

  constructor(rooms = []) {
    super();
    for (const room of rooms) this.#rooms.set(room.room, room);
  }

  get all() {
    return [...this.#rooms.values()];
  }

  get(room) {
    return this.#rooms.get(room);
  }

  bySlug(slug) {
    return this.all.find((room) => room.slug === slug);
  }

  /** What the server lists now. Known rooms keep their place; `keep` stays even when it is not listed. */
  replace(rooms, keep) {
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

  #merge(room, news) {
    this.#rooms.set(room, { ...this.#rooms.get(room), ...news });
  }
}
