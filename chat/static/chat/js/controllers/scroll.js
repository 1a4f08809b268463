import { part, setText, show } from "chat/dom.js";
import { Emitter } from "chat/emitter.js";
import { count } from "chat/text.js";

/** Less than a line from the end counts as being there. */
const NEAR_PX = 24;

/**
 * Keeps what is read where it is. The box is reversed: its end is at scrollTop 0, and what stands
 * there stays there by itself; everything else is held by measuring a row before and after a change.
 *
 * Emits `top` when somebody comes near the oldest row.
 */
export class ScrollController extends Emitter {
  #box;
  #pill;
  #log;
  #session;
  #seenUpTo = 0;

  constructor({ box, log, top, pill, session }) {
    super();
    this.#box = box;
    this.#log = log;
    this.#pill = pill;
    this.#session = session;
    box.addEventListener("scroll", () => this.#moved(), { passive: true });
    pill.addEventListener("click", () => this.toBottom());
    const watcher = new IntersectionObserver(
      ([{ isIntersecting }]) => isIntersecting && this.emit("top"),
      { root: box, rootMargin: "200px 0px 0px" },
    );
    watcher.observe(top);
  }

  get atBottom() {
    return Math.abs(this.#box.scrollTop) < NEAR_PX;
  }

  toBottom() {
    this.#box.scrollTop = 0;
    this.#moved();
  }

  /** Changes everything, and ends at the newest. */
  toBottomAfter(change) {
    change();
    this.toBottom();
  }

  /** Changes rows without moving the one being read. */
  keepDuring(change) {
    if (this.atBottom) {
      change();
      this.#box.scrollTop = 0;
    } else {
      this.#holding(this.#firstVisible(), change);
    }
    this.#moved();
  }

  #holding(row, change) {
    const before = row?.getBoundingClientRect().top;
    change();
    if (!row?.isConnected) return;
    const moved = row.getBoundingClientRect().top - before;
    if (moved) this.#box.scrollTop += moved;
  }

  #firstVisible() {
    const { top } = this.#box.getBoundingClientRect();
    return [...this.#log.children].find((row) => row.getBoundingClientRect().bottom > top);
  }

  #moved() {
    const { n } = this.#session.timeline;
    if (this.atBottom) this.#seenUpTo = n;
    const fresh = Math.max(0, n - this.#seenUpTo);
    const far = -this.#box.scrollTop > this.#box.clientHeight;
    show(this.#pill, !this.atBottom && (fresh > 0 || far));
    setText(part(this.#pill, "words"), fresh ? count(fresh, "new message") : "Latest");
  }
}
