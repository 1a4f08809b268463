import { browserClock } from "chat/clock.js";
import { Emitter } from "chat/emitter.js";
import { After, afterClose, CloseCode, meantBy } from "chat/protocol.js";

/** How long a connection may take until its first frame. */
const FIRST_FRAME_MS = 10_000;

/** Before `welcome` has told the limit. */
const SILENCE_MS = 60_000;

/** The server ends a silent connection after `silence_seconds`; we wait a little longer than it. */
const SILENCE_GRACE_MS = 5_000;

export const SocketState = Object.freeze({
  IDLE: "idle",
  CONNECTING: "connecting",
  OPEN: "open",
  WAITING: "waiting",
  STOPPED: "stopped",
});

/**
 * One WebSocket at a time, kept up. Emits `frame` (object) and `change`; what a frame means is the
 * session's business.
 *
 * `connect(url)` returns something like a WebSocket; `clock` and `backoff` can be replaced in tests.
 */
export class Socket extends Emitter {
  #url;
  #connect;
  #backoff;
  #clock;
  #websocket = null;
  #retryTimer = null;
  #silenceTimer = null;
  #silenceMs = SILENCE_MS + SILENCE_GRACE_MS;
  /** Answers that show whether the connection lives, and how long it may be silent until they are there. */
  #expected = new Set();
  #expectedMs = SILENCE_MS;
  #restMs = 0;
  #restUntil = -Infinity;
  #worked = false;

  state = SocketState.IDLE;
  /** Tries that failed since the connection last worked. */
  failures = 0;
  /** When the next try begins (ms of the clock), while waiting. */
  retryAt = null;
  /** What ended it for good: `{code, what}`, while stopped. */
  ending = null;

  constructor({ url, connect = (address) => new WebSocket(address), backoff, clock = browserClock }) {
    super();
    this.#url = url;
    this.#connect = connect;
    this.#backoff = backoff;
    this.#clock = clock;
  }

  start() {
    if (this.state === SocketState.IDLE || this.state === SocketState.STOPPED) this.#open();
  }

  /** Ends the connection and stays away until `start`. */
  stop() {
    this.#letGo();
    this.ending = null;
    this.#become(SocketState.IDLE);
  }

  /** Does not wait any longer, unless the server asked for it. */
  retryNow() {
    if (this.state === SocketState.WAITING && this.#clock.now() >= this.#restUntil) this.#open();
  }

  /** The connection has proved to work: the next loss begins with short waits again. */
  settled() {
    this.#worked = true;
    this.failures = 0;
    this.#backoff.reset();
  }

  /** Nothing for so long means that the connection is dead. */
  set silence(milliseconds) {
    this.#silenceMs = milliseconds + SILENCE_GRACE_MS;
    this.#heard();
  }

  /** The server asked for a pause of so many ms before it closed. */
  restFor(milliseconds) {
    this.#restMs = milliseconds;
  }

  /** True when the frame was handed to the browser, which does not say that it arrived. */
  send(frame) {
    if (this.state !== SocketState.OPEN) return false;
    this.#websocket.send(JSON.stringify(frame));
    return true;
  }

  /**
   * Until there is this answer (a promise that is never rejected), so many ms of silence mean that the
   * connection is dead. Any frame will not do: it may have been under way when the network went.
   */
  expectSoon(milliseconds, answer) {
    if (this.state !== SocketState.OPEN) return;
    this.#expected.add(answer);
    this.#expectedMs = milliseconds;
    this.#heard();
    answer.then(() => {
      if (this.#expected.delete(answer)) this.#heard();
    });
  }

  #open() {
    this.#letGo();
    this.ending = null;
    this.#worked = false;
    this.#become(SocketState.CONNECTING);
    const websocket = this.#connect(this.#url);
    this.#websocket = websocket;
    websocket.onopen = () => this.#become(SocketState.OPEN);
    websocket.onmessage = (message) => this.#receive(message.data);
    websocket.onclose = (close) => this.#lost(meantBy(close.code));
    this.#awaitFrame(FIRST_FRAME_MS);
  }

  #receive(text) {
    this.#heard();
    this.emit("frame", JSON.parse(text));
  }

  #heard() {
    if (this.#websocket) this.#awaitFrame(this.#expected.size ? this.#expectedMs : this.#silenceMs);
  }

  #awaitFrame(milliseconds) {
    this.#clock.clearTimeout(this.#silenceTimer);
    const websocket = this.#websocket;
    this.#silenceTimer = this.#clock.setTimeout(() => this.#giveUp(websocket), milliseconds);
  }

  /** A dead peer does not answer our close either: do not wait for it. */
  #giveUp(websocket) {
    if (websocket !== this.#websocket) return;
    this.#lost(CloseCode.GIVEN_UP);
  }

  #lost(code) {
    this.#letGo();
    const { what, spread, rest = 0 } = afterClose(code);
    if (what !== After.RETRY) {
      this.ending = { code, what };
      this.#become(SocketState.STOPPED);
      return;
    }
    if (!this.#worked) this.failures += 1;
    const wait = this.#worked && spread ? this.#backoff.within(spread) : this.#backoff.next();
    const resting = rest && Math.max(rest, this.#restMs);
    this.#restMs = 0;
    this.#restUntil = this.#clock.now() + resting;
    this.#waitFor(Math.max(wait, resting));
  }

  #waitFor(milliseconds) {
    this.retryAt = this.#clock.now() + milliseconds;
    this.#retryTimer = this.#clock.setTimeout(() => this.#open(), milliseconds);
    this.#become(SocketState.WAITING);
  }

  #letGo() {
    this.#clock.clearTimeout(this.#retryTimer);
    this.#clock.clearTimeout(this.#silenceTimer);
    this.#expected.clear();
    this.retryAt = null;
    const websocket = this.#websocket;
    this.#websocket = null;
    if (!websocket) return;
    websocket.onopen = websocket.onmessage = websocket.onclose = null;
    websocket.close(CloseCode.GIVEN_UP);
  }

  #become(state) {
    this.state = state;
    this.emit("change");
  }
}
