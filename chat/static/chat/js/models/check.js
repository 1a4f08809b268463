import { Emitter } from "chat/emitter.js";
import { browserClock } from "chat/clock.js";
import { ErrorCode } from "chat/protocol.js";
import { isBlank } from "chat/text.js";

const AFTER_LAST_KEY_MS = 250;
const SPINNER_AFTER_MS = 300;

export const Verdict = Object.freeze({
  EMPTY: "empty",
  /** Typed, not asked yet; or asked and not answered. */
  OPEN: "open",
  FREE: "free",
  TAKEN: "taken",
  INVALID: "invalid",
  YOURS: "yours",
  /** The question did not get through; the answer comes with the form. */
  UNKNOWN: "unknown",
});

/**
 * Whether a name is free, asked while it is typed. Only the answer to the last question counts.
 *
 * `ask(value, signal)` resolves with the server's answer. Emits `change`.
 */
export class Check extends Emitter {
  #ask;
  #clock;
  #timer = null;
  #spinnerTimer = null;
  #abort = null;

  value = "";
  verdict = Verdict.EMPTY;
  /** The answer is late enough to say so. */
  slow = false;
  answer = {};

  constructor({ ask, clock = browserClock }) {
    super();
    this.#ask = ask;
    this.#clock = clock;
  }

  /** May be sent: free, or not known to be anything else. */
  get ready() {
    return this.verdict === Verdict.FREE || this.verdict === Verdict.UNKNOWN;
  }

  typed(value) {
    if (value === this.value && this.verdict !== Verdict.EMPTY) return;
    this.#forget();
    this.value = value;
    this.#become(isBlank(value) ? Verdict.EMPTY : Verdict.OPEN);
    if (this.verdict === Verdict.OPEN) {
      this.#timer = this.#clock.setTimeout(() => this.askNow(), AFTER_LAST_KEY_MS);
    }
  }

  /** Does not wait for the pause after the last key. Resolves when the answer is there. */
  async askNow() {
    this.#forget();
    const abort = (this.#abort = new AbortController());
    this.#spinnerTimer = this.#clock.setTimeout(() => this.#late(abort), SPINNER_AFTER_MS);
    const answer = await this.#ask(this.value, abort.signal).catch(() => null);
    if (abort !== this.#abort) return;
    this.#forget();
    this.#become(verdictOf(answer), answer ?? {});
  }

  /** The form was refused: what it said is the answer for this value. */
  refused(answer) {
    this.#forget();
    this.#become(verdictOf({ available: false, ...answer }), answer);
  }

  reset() {
    this.#forget();
    this.value = "";
    this.#become(Verdict.EMPTY);
  }

  #late(abort) {
    if (abort !== this.#abort) return;
    this.slow = true;
    this.emit("change");
  }

  #forget() {
    this.#clock.clearTimeout(this.#timer);
    this.#clock.clearTimeout(this.#spinnerTimer);
    this.#abort?.abort();
    this.#abort = null;
    this.slow = false;
  }

  #become(verdict, answer = {}) {
    this.verdict = verdict;
    this.answer = answer;
    this.emit("change");
  }
}

function verdictOf(answer) {
  if (!answer) return Verdict.UNKNOWN;
  if (answer.available) return Verdict.FREE;
  if (answer.code === ErrorCode.NAME_TAKEN) return Verdict.TAKEN;
  if (answer.code === ErrorCode.NAME_YOURS) return Verdict.YOURS;
  return Verdict.INVALID;
}
