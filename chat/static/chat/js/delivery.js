import { ErrorCode } from "chat/protocol.js";

/**
 * Empties the outbox, one message at a time: the next leaves when the one before is answered, so the
 * room has them in the order they were written even when one has to wait for a rate limit.
 */
export class Delivery {
  #outbox;
  #ask;
  #clock;
  #stored;
  #timer = null;
  #busy = false;
  #open = false;

  /** `ask(type, fields)` returns the reply; `stored(entry, ack)` is told of each acknowledgement. */
  constructor({ outbox, ask, clock, stored }) {
    this.#outbox = outbox;
    this.#ask = ask;
    this.#clock = clock;
    this.#stored = stored;
    outbox.on("change", () => this.#poke());
  }

  /** There is a connection: go on. */
  open() {
    this.#open = true;
    this.#outbox.takeUp(this.#clock.now());
  }

  close() {
    this.#open = false;
    this.#clock.clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** Something new may be waiting. */
  #poke() {
    if (this.#timer === null) this.#wake();
  }

  #wake() {
    this.#timer = null;
    const entry = this.#outbox.next;
    if (!this.#open || this.#busy || !entry) return;
    this.#busy = true;
    this.#deliver(entry).finally(() => {
      this.#busy = false;
      this.#poke();
    });
  }

  async #deliver(entry) {
    const { cid, room, body, quote, attachments } = entry;
    const files = attachments.length ? attachments.map(({ id }) => id) : undefined;
    this.#outbox.sending(cid);
    try {
      const ack = await this.#ask("send", { room, cid, body, attachments: files, reply_to: quote?.id });
      this.#stored({ cid, room }, ack);
    } catch (error) {
      this.#missed(entry, error);
    }
  }

  #missed({ cid, quote }, error) {
    if (quote && error.code === ErrorCode.NOT_FOUND) {
      // What it answers was deleted meanwhile; if the room is gone, the next answer says so.
      this.#outbox.unquote(cid);
    } else if (error.code === ErrorCode.DISCONNECTED) {
      this.#outbox.retry(cid);
      // Whoever lost the connection calls open() when there is one again.
      this.#open = false;
    } else if (error.passing) {
      this.#outbox.retry(cid);
      this.#timer = this.#clock.setTimeout(() => this.#wake(), error.waitMs);
    } else {
      this.#outbox.failed(cid, error.code);
    }
  }
}
