import { belongsTo } from "chat/storage.js";

/** Of more rooms than that, those written in last. */
const MOST_ROOMS = 50;

/** What is longer stays as it was kept before. */
const MOST_CHARACTERS = 20_000;

/** What is shown of the message that is answered is one line. */
const ANSWERED_CHARACTERS = 200;

/**
 * The drafts that this browser keeps for one person, each room's under a key of its own: tabs overwrite each other's
 * only where both write in the same room, and there the last one is right.
 */
export class KeptDrafts {
  #storage;
  #prefix;

  constructor({ storage, personId }) {
    this.#storage = storage;
    this.#prefix = `${belongsTo(personId)}draft:`;
  }

  /** `{body, replyTo}`, empty where nothing is kept. */
  read(room) {
    const { body, replyTo } = this.#storage.get(this.#prefix + room) ?? {};
    return { body: typeof body === "string" ? body : "", replyTo: isMessage(replyTo) ? replyTo : null };
  }

  /** True when it is kept as it is; an empty one is kept by keeping nothing. */
  write(room, { body, replyTo }, now) {
    if (!body && !replyTo) {
      this.remove(room);
      return true;
    }
    if (body.length > MOST_CHARACTERS) return false;
    const answered = replyTo && { ...replyTo, body: replyTo.body.slice(0, ANSWERED_CHARACTERS) };
    const kept = this.#storage.set(this.#prefix + room, { body, replyTo: answered, at: now });
    this.#removeOldest();
    return kept;
  }

  remove(room) {
    this.#storage.remove(this.#prefix + room);
  }

  #removeOldest() {
    const keys = this.#storage.keys(this.#prefix);
    if (keys.length <= MOST_ROOMS) return;
    const written = keys.map((key) => ({ key, at: this.#storage.get(key)?.at ?? 0 }));
    written.sort((one, other) => other.at - one.at);
    for (const { key } of written.slice(MOST_ROOMS)) this.#storage.remove(key);
  }
}

const isMessage = (it) => [it?.id, it?.author?.name, it?.body].every((value) => typeof value === "string");
