import { ReadMarker } from "chat/models/read_marker.js";
import { browserClock } from "chat/clock.js";

/** So much of a message, or of the box, has to be in view. */
const SEEN = 0.5;

/** Moves the reader's marker to the newest message in view, while the tab is in view, too. */
export class ReadController {
  #log;
  #session;
  #marker;
  #watcher;
  #watched = new Set();
  #inView = new Set();
  #read = null;

  constructor({ box, log, session, clock = browserClock }) {
    this.#log = log;
    this.#session = session;
    this.#marker = new ReadMarker({
      send: (log, n) => session.read(log, n),
      clock,
    });
    this.#watcher = new IntersectionObserver((seen) => this.#noticed(seen), {
      root: box,
      threshold: [0, SEEN, 1],
    });
    session.on("joined", () => this.#begin());
    document.addEventListener("visibilitychange", () => this.#looked());
    addEventListener("pagehide", () => this.#marker.flush());
    new MutationObserver(() => this.#watchUnread()).observe(log, { childList: true });
    this.#looked();
    this.#watchUnread();
  }

  #begin() {
    const { room, unread, limits, timeline } = this.#session;
    this.#marker.pause = limits.read_seconds * 1000;
    this.#read = { room, epoch: timeline.epoch };
    this.#marker.begin(this.#read, unread.of(room) ? unread.readOf(room) : timeline.n);
    // The rows of the log before may still stand here, with numbers that mean nothing in this one.
    this.#watcher.disconnect();
    this.#watched.clear();
    this.#inView.clear();
    queueMicrotask(() => this.#watchUnread());
  }

  #looked() {
    const visible = document.visibilityState === "visible";
    this.#session.watched = visible;
    if (!visible) return;
    this.#session.timeline.noticed();
    this.#tell();
  }

  #watchUnread() {
    const { unread, room } = this.#session;
    const read = unread.readOf(room);
    for (const row of this.#watched) {
      if (!row.isConnected || Number(row.dataset.n) <= read) this.#leave(row);
    }
    for (const row of this.#log.children) {
      if (Number(row.dataset.n) > read && !this.#watched.has(row)) this.#watch(row);
    }
  }

  #watch(row) {
    this.#watched.add(row);
    this.#watcher.observe(row);
  }

  #leave(row) {
    this.#watcher.unobserve(row);
    this.#watched.delete(row);
    this.#inView.delete(row);
  }

  #noticed(seen) {
    for (const { target, intersectionRatio, intersectionRect, rootBounds } of seen) {
      // Noticed before, and told after the rows of another log have come.
      if (!this.#watched.has(target)) continue;
      const enough = intersectionRect.height >= rootBounds.height * SEEN;
      if (intersectionRatio >= SEEN || enough) this.#inView.add(target);
      else this.#inView.delete(target);
    }
    this.#tell();
  }

  #tell() {
    const { connected, room, unread, watched } = this.#session;
    if (!watched || !connected || this.#inView.size === 0) return;
    const n = Math.max(...[...this.#inView].map((row) => Number(row.dataset.n)));
    // Posting has moved the marker already.
    if (n <= unread.readOf(room) || this.#read?.room !== room) return;
    this.#session.reads.keep(this.#read, n);
    this.#marker.seen(n);
  }
}
