import { NOTES } from "chat/called.js";
import { Emitter } from "chat/emitter.js";
import { step } from "chat/models/roving.js";
import { folded } from "chat/text.js";

const AFTER_LAST_KEY_MS = 150;

/**
 * Finds people by the start of their name, a page at a time; only the answer to the last question counts.
 *
 * `search({query, after})` resolves with `{people, more}`; `me()` is who asks. With `notes`, oneself is
 * among those who are found, as what one's chat with oneself is called. Emits `change`.
 */
export class PeopleFinder extends Emitter {
  #search;
  #me;
  #notes = false;
  #clock;
  #timer = null;
  #asked = 0;
  #found = [];
  #more = false;

  query = "";
  /** Which of the options is chosen. */
  at = 0;
  /** The server has been asked and has not answered. */
  searching = false;
  /** Why it did not answer: an error, or null. */
  problem = null;

  constructor({ search, me, clock }) {
    super();
    this.#search = search;
    this.#me = me;
    this.#clock = clock;
  }

  /** People `{id, name, guest}`; one's notes come first. Nobody finds nobody. */
  get options() {
    const me = this.#me();
    if (!me) return [];
    const others = this.#found.filter(({ id }) => id !== me.id);
    const notes = { ...me, name: NOTES };
    return this.#notes && this.#isForNotes(me) ? [notes, ...others] : others;
  }

  get chosen() {
    return this.options[this.at];
  }

  begin({ notes = false } = {}) {
    this.#notes = notes;
    this.#start("");
    this.#ask();
  }

  typed(query) {
    if (query.trim() === this.query) return;
    this.#start(query.trim());
    this.#timer = this.#clock.setTimeout(() => this.#ask(), AFTER_LAST_KEY_MS);
    this.emit("change");
  }

  /** An arrow key: true when it led somewhere. At the end of what is here the next page is asked for. */
  pressed(key) {
    const { length } = this.options;
    if (key === "Home" || key === "End") return false;
    const to = step(key, { at: this.at, count: length, round: !this.#more });
    if (to === null) return false;
    this.at = to;
    if (to === length - 1) this.next();
    this.emit("change");
    return true;
  }

  /** Asks for the next page, if there is one. */
  next() {
    if (this.#more && !this.searching) this.#ask(this.#found.at(-1).id);
  }

  end() {
    this.#asked += 1;
    this.#clock.clearTimeout(this.#timer);
  }

  #isForNotes({ id, name }) {
    const begins = (text) => folded(text).startsWith(folded(this.query));
    return begins(NOTES) || begins(name) || this.#found.some((person) => person.id === id);
  }

  #start(query) {
    this.end();
    this.query = query;
    this.at = 0;
    this.#found = [];
    this.#more = false;
    this.searching = true;
    this.problem = null;
  }

  async #ask(after) {
    const asked = (this.#asked += 1);
    this.searching = true;
    this.emit("change");
    try {
      const { people, more } = await this.#search({ query: this.query, after });
      if (asked !== this.#asked) return;
      this.#found = [...(after ? this.#found : []), ...people];
      this.#more = more;
    } catch (error) {
      if (asked !== this.#asked) return;
      this.problem = error;
    }
    this.searching = false;
    this.emit("change");
  }
}
