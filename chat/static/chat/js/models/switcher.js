import { Emitter } from "chat/emitter.js";
import { step } from "chat/models/roving.js";
import { folded } from "chat/text.js";

const AFTER_LAST_KEY_MS = 150;
const MOST_SHOWN = 50;

/**
 * Finds a room by a piece of its name: first among those this page knows, then on the server.
 *
 * `known()` returns the rooms of the list, `unreadOf(room)` their counts, `search(query)` what the server
 * finds, `{found, complete}`: rooms, and people as `{room, name, person}` who may have a chat in the list.
 * Emits `change`.
 */
export class Switcher extends Emitter {
  #known;
  #unreadOf;
  #search;
  #clock;
  #timer = null;
  #found = [];

  query = "";
  /** Which of the options is chosen. */
  at = 0;
  /** The server has been asked and has not answered. */
  searching = false;
  /** False when the server could not tell everything that it was asked. */
  complete = true;

  constructor({ known, unreadOf, search, clock }) {
    super();
    this.#known = known;
    this.#unreadOf = unreadOf;
    this.#search = search;
    this.#clock = clock;
  }

  /** Rooms that fit, best first. */
  get options() {
    const wanted = folded(this.query);
    const known = this.#known();
    // Who has a chat already is found as that chat.
    const chats = [...known, ...this.#found].filter(({ slug }) => slug);
    const others = new Set(chats.map(({ person }) => person?.id));
    const found = this.#found.filter(({ slug, person }) => slug || !others.has(person?.id));
    const rooms = new Map([...found, ...known].map((room) => [room.room, room]));
    return [...rooms.values()]
      .filter(({ name, archived }) => !archived && folded(name).includes(wanted))
      .map((room) => ({ room, rank: this.#rank(room, wanted) }))
      .sort((a, b) => a.rank - b.rank || a.room.name.localeCompare(b.room.name))
      .map(({ room }) => room)
      .slice(0, MOST_SHOWN);
  }

  get chosen() {
    return this.options[this.at];
  }

  begin() {
    this.typed("");
  }

  typed(query) {
    this.query = query.trim();
    this.at = 0;
    this.#found = [];
    this.searching = false;
    this.complete = true;
    this.#clock.clearTimeout(this.#timer);
    if (this.query) this.#timer = this.#clock.setTimeout(() => this.#ask(), AFTER_LAST_KEY_MS);
    this.emit("change");
  }

  /** An arrow key: true when it led somewhere. */
  pressed(key) {
    const to = step(key, { at: this.at, count: this.options.length, round: true });
    if (to === null || key === "Home" || key === "End") return false;
    this.at = to;
    this.emit("change");
    return true;
  }

  end() {
    this.#clock.clearTimeout(this.#timer);
  }

  /** What begins with the words stands before what has them inside; then what has something new. */
  #rank({ name, room }, wanted) {
    const begins = folded(name).startsWith(wanted) ? 0 : 2;
    return begins + (this.#unreadOf(room) ? 0 : 1);
  }

  async #ask() {
    const { query } = this;
    this.searching = true;
    const { found, complete } = await this.#search(query).catch(() => ({ found: [], complete: false }));
    if (query !== this.query) return;
    const chosen = this.chosen?.room;
    this.searching = false;
    this.complete = complete;
    this.#found = found;
    // What was chosen stays chosen, wherever it stands now.
    this.at = Math.max(0, this.options.findIndex(({ room }) => room === chosen));
    this.emit("change");
  }
}
