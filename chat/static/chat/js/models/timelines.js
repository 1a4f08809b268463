import { Timeline } from "chat/models/timeline.js";

/** Rooms that are shown at once when somebody comes back to them. */
const MOST_ROOMS = 8;

/** The timelines of the rooms that this tab was in last. */
export class Timelines {
  #rooms = new Map();

  has(room) {
    return this.#rooms.has(room);
  }

  /** The one of this room, made when there is none. */
  of(room) {
    return this.#rooms.get(room) ?? this.enter(room);
  }

  /** The same, and this room is now the one used last; the longest unused goes. */
  enter(room) {
    const timeline = this.#rooms.get(room) ?? new Timeline(room);
    this.#rooms.delete(room);
    this.#rooms.set(room, timeline);
    if (this.#rooms.size > MOST_ROOMS) this.#rooms.delete(this.#rooms.keys().next().value);
    return timeline;
  }

  /** The room is none of this person's any more. */
  forget(room) {
    this.#rooms.delete(room);
  }

  rename(person) {
    for (const timeline of this.#rooms.values()) timeline.rename(person);
  }

  forgetHeld() {
    for (const timeline of this.#rooms.values()) timeline.forgetHeld();
  }

  clear() {
    this.#rooms.clear();
  }
}
