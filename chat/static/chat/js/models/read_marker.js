/** Tells the server how far somebody has read, at most once in a while, and never backwards. */
export class ReadMarker {
  #send;
  #clock;
  #timer = null;
  #log = null;
  #sent = 0;
  #wanted = 0;

  /** Milliseconds between two; the session sets what the server says. */
  pause = 1_000;

  /** `send(log, n)` resolves with false when it has to be said again. */
  constructor({ send, clock }) {
    this.#send = send;
    this.#clock = clock;
  }

  /** Another room, or another life of its log (`{room, epoch}`): read up to `n`, as far as is known. */
  begin(log, n) {
    this.flush();
    this.#clock.clearTimeout(this.#timer);
    this.#timer = null;
    this.#log = log;
    this.#sent = n;
    this.#wanted = n;
  }

  seen(n) {
    if (n <= this.#wanted) return;
    this.#wanted = n;
    if (this.#timer === null) this.#tell();
  }

  /** The page or the room is left: what waits for its turn is told now. */
  flush() {
    this.#clock.clearTimeout(this.#timer);
    this.#tell();
  }

  #tell() {
    this.#timer = null;
    if (this.#wanted <= this.#sent) return;
    const [log, before] = [this.#log, this.#sent];
    this.#sent = this.#wanted;
    this.#timer = this.#clock.setTimeout(() => this.#tell(), this.pause);
    this.#send(log, this.#sent).then((told) => {
      if (!told && log === this.#log) this.#again(before);
    });
  }

  #again(before) {
    this.#sent = Math.min(this.#sent, before);
    this.#timer ??= this.#clock.setTimeout(() => this.#tell(), this.pause);
  }
}
