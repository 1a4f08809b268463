import { ReadMarker } from "chat/models/read_marker.js";
import { browserClock } from "chat/clock.js";

/** So much of the newest message, or of the box, has to be in view. */
const SEEN = 0.5;

/** Moves the reader's marker when the newest message is in view and the tab is, too. */
export class ReadController {
  #log;
  #session;
  #marker;
  #watcher;
  #watched = null;
  #inView = false;

  constructor({ box, log, session, clock = browserClock }) {
    this.#log = log;
    this.#session = session;
    this.#marker = new ReadMarker({
      send: (room, n) => room === session.room && session.read(n),
      clock,
    });
    this.#watcher = new IntersectionObserver((seen) => this.#noticed(seen), {
      root: box,
      threshold: [0, SEEN, 1],
    });
    session.on("joined", () => this.#begin());
    document.addEventListener("visibilitychange", () => this.#tell());
    new MutationObserver(() => this.#watchNewest()).observe(log, { childList: true });
    this.#watchNewest();
  }

  #begin() {
    const { room, unread, limits } = this.#session;
    this.#marker.pause = limits.read_seconds * 1000;
    this.#marker.begin(room, unread.of(room) ? unread.readOf(room) : this.#session.timeline.n);
    this.#tell();
  }

  #watchNewest() {
    const newest = [...this.#log.children].findLast(({ dataset }) => dataset.n);
    if (newest === this.#watched) return;
    this.#watcher.disconnect();
    this.#watched = newest;
    this.#inView = false;
    if (newest) this.#watcher.observe(newest);
  }

  #noticed(seen) {
    const { intersectionRatio, intersectionRect, rootBounds } = seen.at(-1);
    const enough = intersectionRect.height >= rootBounds.height * SEEN;
    this.#inView = intersectionRatio >= SEEN || enough;
    this.#tell();
  }

  #tell() {
    const visible = document.visibilityState === "visible";
    if (this.#inView && visible && this.#session.connected) {
      this.#marker.seen(Number(this.#watched.dataset.n));
    }
  }
}
