/** A finger that rests so long on a message asks for its tools. */
const REST_MS = 450;

/** One that moved further is scrolling. */
const SLACK_PX = 10;

/** Tells a finger that rests from one that taps or scrolls. */
export class LongPress {
  #clock;
  #rested;
  #timer = null;
  #from = null;

  /** `rested(what)` is called with what `down` was given. */
  constructor({ clock, rested }) {
    this.#clock = clock;
    this.#rested = rested;
  }

  down(x, y, what) {
    this.end();
    this.#from = { x, y };
    this.#timer = this.#clock.setTimeout(() => {
      this.end();
      this.#rested(what);
    }, REST_MS);
  }

  move(x, y) {
    if (this.#from && Math.hypot(x - this.#from.x, y - this.#from.y) > SLACK_PX) this.end();
  }

  end() {
    this.#clock.clearTimeout(this.#timer);
    this.#from = null;
  }
}
