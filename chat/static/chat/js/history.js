import { Emitter } from "chat/emitter.js";
import { ErrorCode } from "chat/protocol.js";

const PAGE = 50;

/** Unread messages that are fetched at once, up to the line "new"; older ones when they are scrolled to. */
const MOST_UNREAD = 400;

/** Nobody is led further back than to a message that stands below so many others. */
const MOST_PASSED = 1_000;

/** What became of a message that is looked for. */
export const Sought = Object.freeze({
  FOUND: "found",
  /** The room has older messages no more, and it was not among them. */
  GONE: "gone",
  /** There are too many between here and it. */
  FAR: "far",
  /** Nobody waits for it any more, or the server did not answer. */
  LEFT: "left",
});

/**
 * Fetches what stands above what a timeline was told, a page at a time. Emits `change` when one is
 * asked for, and when it has come.
 */
export class History extends Emitter {
  #session;
  #ask;
  #clock;
  #came;
  #under = new Map();

  /** `came(timeline, page)` takes a page in. */
  constructor({ session, ask, clock, came }) {
    super();
    this.#session = session;
    this.#ask = ask;
    this.#clock = clock;
    this.#came = came;
  }

  isFetching(timeline) {
    return this.#under.has(timeline);
  }

  /** The next page above, also when that is under way; resolves with whether anything came. */
  older(timeline, limit = this.#pageOf(timeline)) {
    const known = this.#under.get(timeline);
    if (known) return known;
    if (!this.#session.connected || !timeline.more) return Promise.resolve(false);
    const fetched = this.#fetch(timeline, limit).then((came) => {
      this.#under.delete(timeline);
      this.emit("change");
      return came;
    });
    this.#under.set(timeline, fetched);
    this.emit("change");
    return fetched;
  }

  /**
   * Fetches up to message `first`, or as much as is fetched at once, as long as it is `wanted()`. Resolves
   * with whether anything came.
   */
  async reach(timeline, first, wanted) {
    const isAbove = () => first < timeline.first && timeline.messages.length < MOST_UNREAD;
    let some = false;
    let came = true;
    while (came && timeline.more && isAbove() && wanted()) {
      came = await this.older(timeline, this.#session.limits.history);
      some ||= came;
    }
    return some;
  }

  /** Fetches until the message with this id is there, as long as it is `wanted()`. Resolves with a `Sought`. */
  async seek(timeline, id, wanted) {
    let came = true;
    while (!timeline.find(id)) {
      if (!timeline.more) return Sought.GONE;
      if (timeline.messages.length >= MOST_PASSED) return Sought.FAR;
      if (!came || !wanted()) return Sought.LEFT;
      came = await this.older(timeline);
    }
    return Sought.FOUND;
  }

  async #fetch(timeline, limit) {
    const { room } = timeline;
    const before = timeline.first;
    try {
      const page = await this.#ask("history", { room, before, limit });
      // Meanwhile the room may have been replaced: then this page stands before something else.
      if (timeline.first === before) this.#came(timeline, page);
    } catch (error) {
      await this.#rest(error);
    }
    return timeline.first !== before;
  }

  /** Whoever is still at the top asks at once when this is over. */
  async #rest({ code, waitMs }) {
    if (code === ErrorCode.DISCONNECTED) return;
    await new Promise((resolve) => this.#clock.setTimeout(resolve, waitMs));
  }

  /** What keeps everything is read back in small steps. */
  #pageOf({ room }) {
    const { rooms, limits } = this.#session;
    return (rooms.get(room)?.keeps === "all" && limits.history_page) || PAGE;
  }
}
