import { belongsTo } from "chat/storage.js";

/**
 * How far somebody has read where the server has not confirmed it yet, kept in the browser: a page that is
 * loaded again at once is rendered before what the one before said on leaving has arrived.
 */
export class UntoldReads {
  #storage;
  #prefix;

  constructor({ storage, personId }) {
    this.#storage = storage;
    this.#prefix = `${belongsTo(personId)}read:`;
  }

  /** `{room, epoch, n}` of each room. */
  get all() {
    return this.#storage.keys(this.#prefix).flatMap((key) => {
      const { epoch, n } = this.#storage.get(key) ?? {};
      return epoch && Number.isInteger(n) ? [{ room: key.slice(this.#prefix.length), epoch, n }] : [];
    });
  }

  keep({ room, epoch }, n) {
    this.#storage.set(this.#prefix + room, { epoch, n });
  }

  /** The server knows, or does not want to: up to `n`, that is; another tab may be further. */
  told({ room, epoch }, n) {
    const kept = this.#storage.get(this.#prefix + room);
    if (kept?.epoch !== epoch || kept.n <= n) this.#storage.remove(this.#prefix + room);
  }
}
