import { part, setText, show } from "chat/dom.js";
import { Emitter } from "chat/emitter.js";

/** Less than a line from the end counts as being there. */
const NEAR_PX = 24;

/** What stands over the line "new" when somebody arrives at it. */
const ABOVE_NEWS_PX = 56;

/** So close to the oldest row older ones are asked for. */
const NEAR_TOP_PX = 200;

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
  #top;
  #session;
  #seenUpTo = 0;
  #arrivedAt = 0;

  constructor({ box, log, top, pill, session }) {
    super();
    this.#box = box;
    this.#log = log;
    this.#top = top;
    this.#pill = pill;
    this.#session = session;
    // Whoever scrolls fast is at the top again before the watcher has seen them away from it.
    box.addEventListener("scroll", () => this.#moved(), { passive: true });
    // The composer keeps the focus: losing it, it would shrink, and the pill slip from under the pointer.
    pill.addEventListener("mousedown", (event) => event.preventDefault());
    pill.addEventListener("click", () => this.toBottom());
    const watcher = new IntersectionObserver(
      ([{ isIntersecting }]) => isIntersecting && this.emit("top"),
      { root: box, rootMargin: `${NEAR_TOP_PX}px 0px 0px` },
    );
    watcher.observe(top);
    // What came is drawn first.
    session.on("older", () => queueMicrotask(() => this.#stillAtTop()));
  }

  get atBottom() {
    return Math.abs(this.#box.scrollTop) < NEAR_PX;
  }

  /** Nobody has gone anywhere since they arrived. */
  get stands() {
    return Math.abs(this.#box.scrollTop - this.#arrivedAt) < NEAR_PX;
  }

  toBottom() {
    this.#box.scrollTop = 0;
    this.#moved();
  }

  /** Changes everything, and stands where reading stopped: at the line "new", else at the newest. */
  arriveAfter(change) {
    change();
    this.#box.scrollTop = 0;
    this.#seenUpTo = this.#session.timeline.n;
    const line = this.#log.querySelector('[data-row="news"]');
    if (line) this.#toNews(line);
    this.#arrivedAt = this.#box.scrollTop;
    this.#moved();
  }

  /** Changes rows without moving the one being read. */
  keepDuring(change) {
    const { stands } = this;
    if (this.atBottom) {
      change();
      this.#box.scrollTop = 0;
    } else {
      this.#holding(this.#visible(), change);
    }
    if (stands) this.#arrivedAt = this.#box.scrollTop;
    this.#moved();
  }

  /** Brings a row into the middle, gently where that is wanted. */
  toRow(row) {
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    row.scrollIntoView({ block: "center", behavior: still ? "auto" : "smooth" });
  }

  #toNews(line) {
    const above = this.#box.getBoundingClientRect().top + ABOVE_NEWS_PX;
    const hidden = above - line.getBoundingClientRect().top;
    if (hidden <= 0) return;
    this.#box.scrollTop -= hidden;
    this.#seenUpTo = this.#session.unread.readOf(this.#session.room);
  }

  /** The first of the messages in view that survives the change stays where it was. */
  #holding(rows, change) {
    const places = rows.map((row) => ({ row, before: row.getBoundingClientRect().top }));
    change();
    const held = places.find(({ row }) => row.isConnected);
    if (!held) return;
    const moved = held.row.getBoundingClientRect().top - held.before;
    if (moved) this.#box.scrollTop += moved;
  }

  /** Messages only: the line of a day goes up when older ones of that day come. */
  #visible() {
    const { top, bottom } = this.#box.getBoundingClientRect();
    return [...this.#log.querySelectorAll('[data-row="message"]')].filter((row) => {
      const place = row.getBoundingClientRect();
      return place.bottom > top && place.top < bottom;
    });
  }

  #moved() {
    const { timeline, me } = this.#session;
    timeline.readBack = !this.atBottom;
    if (this.atBottom) this.#seenUpTo = timeline.n;
    const isFresh = ({ n, author }) => n > this.#seenUpTo && author.id !== me?.id;
    const fresh = timeline.messages.filter(isFresh).length;
    const far = -this.#box.scrollTop > this.#box.clientHeight;
    show(this.#pill, !this.atBottom && (fresh > 0 || far));
    setText(part(this.#pill, "words"), fresh ? `${fresh.toLocaleString()} new` : "Latest");
    setText(part(this.#pill, "more"), fresh ? (fresh === 1 ? " message" : " messages") : "");
    this.#stillAtTop();
  }

  /** What is here is not enough to push the oldest row out of sight. */
  #stillAtTop() {
    if (this.#session.fetching) return;
    const distance = this.#box.getBoundingClientRect().top - this.#top.getBoundingClientRect().top;
    if (distance < NEAR_TOP_PX) this.emit("top");
  }
}
