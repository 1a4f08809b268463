import { browserClock } from "chat/clock.js";

/** Half of it at least, and half as much again at most: not everybody asks at once. */
const AGAIN_MS = 10_000;

/**
 * In a crowd nobody is told who came and who left. While somebody looks at the list it is asked for again,
 * some time after it changed.
 */
export class Crowd {
  #presence;
  #ask;
  #clock;
  #random;
  #timer = null;

  watched = false;

  constructor({ presence, ask, clock = browserClock, random = Math.random }) {
    this.#presence = presence;
    this.#ask = ask;
    this.#clock = clock;
    this.#random = random;
    presence.on("untold", () => this.#askLater());
  }

  #askLater() {
    if (!this.watched || this.#timer !== null) return;
    this.#timer = this.#clock.setTimeout(
      () => {
        this.#timer = null;
        // From its beginning it would lose what somebody followed it to.
        if (this.watched && !this.#presence.goesOn) this.#ask();
      },
      AGAIN_MS * (0.5 + this.#random()),
    );
  }
}
