const DELAYS_MS = Object.freeze([500, 1_000, 2_000, 4_000, 8_000, 10_000]);

/**
 * Exponential backoff with full jitter: each wait is random between nothing and the next delay, so that
 * a thousand pages that lost the same server do not come back in the same moment.
 */
export class Backoff {
  #random;
  #delays;
  #step = 0;

  constructor({ random = Math.random, delays = DELAYS_MS } = {}) {
    this.#random = random;
    this.#delays = delays;
  }

  /** The wait before the next try, in ms. */
  next() {
    const delay = this.#delays[Math.min(this.#step, this.#delays.length - 1)];
    this.#step += 1;
    return this.within(delay);
  }

  /** A random moment within so many ms. */
  within(milliseconds) {
    return Math.round(this.#random() * milliseconds);
  }

  reset() {
    this.#step = 0;
  }
}
