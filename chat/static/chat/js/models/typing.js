import { Emitter } from "chat/emitter.js";

/** Who is typing in the room, each shown for a while unless they go on. Emits `change`. */
export class Typing extends Emitter {
  #clock;
  #people = new Map();

  /** Milliseconds; the session sets what the server says. */
  shownFor = 6_000;

  constructor(clock) {
    super();
    this.#clock = clock;
  }

  get people() {
    return [...this.#people.values()].map(({ person }) => person);
  }

  renew(person) {
    const known = this.#people.get(person.id);
    this.#clock.clearTimeout(known?.timer);
    const timer = this.#clock.setTimeout(() => this.stop(person.id), this.shownFor);
    this.#people.set(person.id, { person, timer });
    this.emit("change");
  }

  /** They have sent it, or left. */
  stop(id) {
    const known = this.#people.get(id);
    if (!known) return;
    this.#clock.clearTimeout(known.timer);
    this.#people.delete(id);
    this.emit("change");
  }

  clear() {
    for (const { timer } of this.#people.values()) this.#clock.clearTimeout(timer);
    this.#people.clear();
    this.emit("change");
  }
}
