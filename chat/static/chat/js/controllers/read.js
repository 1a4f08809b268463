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
    // The rows of the log before may still stand here, with numbers that mean nothing in this one.
    this.#watch(null);
    queueMicrotask(() => this.#watchNewest());
  }

  #watchNewest() {
    const newest = [...this.#log.children].findLast(({ dataset }) => dataset.n);
    if (newest !== this.#watched) this.#watch(newest ?? null);
  }

  #watch(row) {
    this.#watcher.disconnect();
    this.#watched = row;
    this.#inView = false;
    if (row) this.#watcher.observe(row);
  }

  #noticed(seen) {
    const { intersectionRatio, intersectionRect, rootBounds } = seen.at(-1);
    const enough = intersectionRect.height >= rootBounds.height * SEEN;
    this.#inView = intersectionRatio >= SEEN || enough;
    this.#tell();
  }

  #tell() {
    const { connected, room, unread } = this.#session;
    const visible = document.visibilityState === "visible";
    if (!this.#inView || !visible || !connected) return;
    const n = Number(this.#watched.dataset.n);
    // Posting has moved the marker already.
    if (n > unread.readOf(room)) this.#marker.seen(n);
  }
}
