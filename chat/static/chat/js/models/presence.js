import { Emitter } from "chat/emitter.js";

/**
 * Who is in the room. News that come before the list itself are held back until it is there.
 * Emits `change`, `news {what, people, from}` for what is worth a line in the timeline, and `untold` when
 * the count changed and nobody said who came or left.
 */
export class Presence extends Emitter {
  #people = new Map();
  /**
   * Who belongs to the room and is not in it, as the server last said; null where everybody belongs. Whoever
   * leaves is in neither list until it is asked again: perhaps they were removed.
   */
  #away = null;
  #early = null;
  #lastListed;

  count = 0;

  /** Whether the list was followed beyond its beginning. */
  goesOn = false;

  get people() {
    return [...this.#people.values()];
  }

  /** Who belongs to a private room and is not in it. */
  get away() {
    return [...(this.#away?.values() ?? [])];
  }

  /** Whether somebody is in the room; undefined when that is not known. */
  isHere(id) {
    if (this.#people.has(id)) return true;
    return this.count === 0 || this.#people.size < this.count ? undefined : false;
  }

  /** After whom the server goes on when it is asked for more. */
  get lastListed() {
    return this.#lastListed;
  }

  /** The next of the list, of whom nobody says that they joined. */
  add({ people, count }) {
    for (const person of people) this.#people.set(person.id, person);
    this.#lastListed = people.at(-1)?.id ?? this.#lastListed;
    this.goesOn = true;
    this.count = count;
    this.emit("change");
  }

  /** Another room: nothing is known until `replace`. */
  clear() {
    this.#people.clear();
    this.#away = null;
    this.#early = [];
    this.goesOn = false;
    this.count = 0;
    this.emit("change");
  }

  replace({ people, count, away }) {
    this.#people = byId(people);
    this.#away = away ? byId(away) : null;
    this.#lastListed = people.at(-1)?.id;
    this.goesOn = false;
    this.count = count;
    const early = this.#early ?? [];
    this.#early = null;
    for (const news of early) this.#apply(news);
    this.emit("change");
  }

  /** A `presence` frame. */
  apply(news) {
    if (this.#early) {
      this.#early.push(news);
      return;
    }
    this.#apply(news);
    this.emit("change");
  }

  #apply({ joined = [], left = [], renamed = [], count }) {
    const came = joined.filter(({ id }) => !this.#people.has(id));
    for (const person of joined) this.#enter(person);
    for (const { id } of left) this.#people.delete(id);
    for (const { person } of renamed) {
      for (const known of [this.#people, this.#away]) {
        if (known?.has(person.id)) known.set(person.id, person);
      }
    }
    const untold = count !== this.count && joined.length + left.length === 0;
    this.count = count;
    if (untold) this.emit("untold");
    if (came.length) this.emit("news", { what: "joined", people: came });
    if (left.length) this.emit("news", { what: "left", people: left });
    for (const { person, from } of renamed) {
      this.emit("news", { what: "renamed", people: [person], from });
    }
  }

  #enter(person) {
    this.#people.set(person.id, person);
    this.#away?.delete(person.id);
  }
}

const byId = (people) => new Map(people.map((person) => [person.id, person]));
