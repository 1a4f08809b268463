/** Tells the server how far somebody has read, at most once in a while, and never backwards. */
export class ReadMarker {
  #send;
  #clock;
  #timer = null;
  #room = null;
  #sent = 0;
  #wanted = 0;

  /** Milliseconds between two; the session sets what the server says. */
  pause = 1_000;

  constructor({ send, clock }) {
    this.#send = send;
    this.#clock = clock;
  }

  /** Another room, or another life of its log: read up to `n`, as far as is known. */
  begin(room, n) {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = null;
    this.#room = room;
    this.#sent = n;
    this.#wanted = n;
  }

  seen(n) {
    if (n <= this.#wanted) return;
    this.#wanted = n;
    if (this.#timer === null) this.#tell();
  }

  /** The page is left: what waits for its turn is told now. */
  flush() {
    this.#clock.clearTimeout(this.#timer);
    this.#tell();
  }

  #tell() {
    this.#timer = null;
    if (this.#wanted <= this.#sent) return;
    this.#sent = this.#wanted;
    this.#send(this.#room, this.#sent);
    this.#timer = this.#clock.setTimeout(() => this.#tell(), this.pause);
  }
}
