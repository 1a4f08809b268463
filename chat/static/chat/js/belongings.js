import { Changes } from "chat/changes.js";
import { Delivery } from "chat/delivery.js";
import { Emitter } from "chat/emitter.js";
import { Outbox } from "chat/models/outbox.js";
import { UntoldReads } from "chat/models/untold_reads.js";

/**
 * What belongs to one person in this browser: what they wrote, what they change, how far they have read.
 * Emits `outbox` and `changes`.
 */
export class Belongings extends Emitter {
  #delivery;

  outbox;
  changes;
  /** How far they have read without the server's knowing yet. */
  reads;

  /** `ask(type, fields)` returns the reply; `stored(entry, ack)` is told of each message that has arrived;
      `seqOf(room)` says how far a room is known. */
  constructor({ personId, storage, clock, ask, stored, seqOf }) {
    super();
    this.outbox = new Outbox({ storage, personId, now: clock.now() });
    this.outbox.on("change", () => this.emit("outbox"));
    this.#delivery = new Delivery({ outbox: this.outbox, ask, clock, stored });
    this.changes = new Changes({ ask, clock, storage, me: personId, seqOf });
    this.changes.on("change", () => this.emit("changes"));
    this.reads = new UntoldReads({ storage, personId });
  }

  /** There is a connection. */
  open() {
    this.#delivery.open();
    this.changes.open();
  }

  close() {
    this.#delivery.close();
    this.changes.close();
  }
}
