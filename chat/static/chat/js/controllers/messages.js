import { browserClock } from "chat/clock.js";
import { makeStop } from "chat/controllers/message_row.js";
import { hasFinePointer } from "chat/dom.js";
import { Emitter } from "chat/emitter.js";
import { LongPress } from "chat/models/long_press.js";
import { step } from "chat/models/roving.js";

/** Keys that do something with the message that has the focus. */
const KEYS = Object.freeze({
  Enter: "menu",
  ContextMenu: "menu",
  "+": "react",
  r: "reply",
  c: "copy",
  e: "edit",
  Delete: "delete",
  Backspace: "delete",
});

const ROWS = '[data-row="message"]';

/**
 * The messages as things to point at: one of them is in the order of the Tab key, arrows lead to the
 * others, and each has its tools by pointer, focus, and a finger that rests on it.
 *
 * Emits `act {name, row, anchor, emoji?}`, and `leave` when somebody wants back to the message field.
 */
export class MessagesController extends Emitter {
  #log;
  #tools;
  #isHeld;
  #current = null;
  #press;

  /** `isHeld()` is true while something is open that belongs to the tools. */
  constructor({ log, tools, isHeld, clock = browserClock }) {
    super();
    this.#log = log;
    this.#tools = tools;
    this.#isHeld = isHeld;
    this.#press = new LongPress({ clock, rested: (row) => this.#rested(row) });
    log.addEventListener("keydown", (event) => this.#pressed(event));
    log.addEventListener("click", (event) => this.#clicked(event));
    log.addEventListener("focusin", ({ target }) => this.#focused(target));
    log.addEventListener("focusout", ({ relatedTarget }) => {
      // On its way from a message to its tools the focus is nowhere for a moment.
      if (!log.contains(relatedTarget)) requestAnimationFrame(() => this.settle());
    });
    log.addEventListener("pointerover", (event) => this.#hovered(event));
    log.addEventListener("pointerleave", () => this.settle());
    log.addEventListener("pointerdown", (event) => this.#down(event));
    log.addEventListener("pointermove", ({ clientX, clientY }) => this.#press.move(clientX, clientY));
    for (const end of ["pointerup", "pointercancel"]) log.addEventListener(end, () => this.#press.end());
    log.addEventListener("contextmenu", (event) => this.#contextMenu(event));
    const watched = { childList: true, subtree: true, attributeFilter: ["data-id"] };
    new MutationObserver(() => this.#keepOneStop()).observe(log, watched);
    this.#takeOver();
  }

  /** This came with the first use of the page: the focus or the pointer may be on a message already. */
  #takeOver() {
    if (this.#log.contains(document.activeElement)) this.#focused(document.activeElement);
    this.#keepOneStop();
    const under = this.#log.querySelector(`${ROWS}:hover`);
    if (under && hasFinePointer()) this.#hovered({ target: under, pointerType: "mouse" });
  }

  /** The focus to this message; to the newest one without. */
  focus(row = this.#rows.at(-1)) {
    if (!row) {
      this.emit("leave");
      return;
    }
    this.#makeCurrent(row);
    row.focus();
  }

  /** The tools stand where the focus is, or nowhere. */
  settle() {
    if (this.#isHeld()) return;
    const focused = document.activeElement?.closest?.(ROWS);
    const row = focused && this.#log.contains(focused) && showsFocus(focused) ? focused : null;
    this.#tools.show(row, { tabbable: true });
  }

  get #rows() {
    return [...this.#log.querySelectorAll(`${ROWS}[data-id]`)];
  }

  #pressed(event) {
    const row = event.target.closest(ROWS);
    if (!row || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") {
      if (event.target === row) this.emit("leave");
      else this.focus(row);
    } else if (!this.#move(row, event.key) && !this.#byKey(row, event)) {
      return;
    }
    event.preventDefault();
  }

  #move(row, key) {
    const rows = this.#rows;
    const to = step(key, { at: rows.indexOf(row), count: rows.length });
    if (to === null) return false;
    this.focus(rows[to]);
    return true;
  }

  #byKey(row, { key, shiftKey, target }) {
    const name = key === "F10" && shiftKey ? "menu" : KEYS[key.length === 1 ? key.toLowerCase() : key];
    if (target !== row || !name) return false;
    return this.#act(name, row, this.#tools.row === row ? row.querySelector('[data-act="menu"]') : row);
  }

  #clicked({ target }) {
    const row = target.closest(ROWS);
    const chip = target.closest("[data-emoji]");
    const button = target.closest("[data-act]");
    if (chip) this.#act("quick", row, chip, chip.dataset.emoji);
    else if (button) this.#act(button.dataset.act, row, button);
  }

  #act(name, row, anchor, emoji) {
    if (!row.dataset.id) return false;
    this.emit("act", { name, row, anchor, emoji });
    return true;
  }

  #focused(target) {
    const row = target.closest(ROWS);
    if (!row?.dataset.id) return;
    this.#makeCurrent(row);
    if (!this.#isHeld() && showsFocus(row)) this.#tools.show(row, { tabbable: true });
  }

  #hovered({ target, pointerType }) {
    const row = target.closest(ROWS);
    if (pointerType !== "mouse" || !row?.dataset.id || this.#isHeld() || this.#tools.hasFocus) return;
    if (row.dataset.state === "stored" && !row.hasAttribute("data-leaving")) this.#tools.show(row);
  }

  #down({ target, pointerType, clientX, clientY }) {
    const row = target.closest(`${ROWS}[data-id]`);
    if (pointerType !== "touch" || !row || target.closest("button, a")) return;
    this.#press.down(clientX, clientY, row);
  }

  #rested(row) {
    ignoreNextClick();
    this.#act("menu", row, row);
  }

  /** A finger, or the key; the second button of a mouse has the browser's own menu. */
  #contextMenu(event) {
    const row = event.target.closest(`${ROWS}[data-id]`);
    if (!row || event.pointerType === "mouse") return;
    event.preventDefault();
    this.#press.end();
    if (event.pointerType === "touch" && !this.#isHeld()) this.#rested(row);
  }

  #makeCurrent(row) {
    if (row === this.#current) return;
    // One was made so by the server.
    for (const other of this.#log.querySelectorAll(`${ROWS}[tabindex]`)) {
      if (other !== row) makeStop(other, false);
    }
    this.#current = row;
    makeStop(row, true);
  }

  #keepOneStop() {
    const newest = this.#rows.at(-1);
    const stale = !this.#current?.isConnected || !this.#log.contains(document.activeElement);
    if (newest && stale) this.#makeCurrent(newest);
    if (this.#tools.row && !this.#tools.row.isConnected) this.#tools.show(null);
  }
}

/** By keys, not by a click that happened to land there. */
const showsFocus = (row) => row.matches(":focus-visible") || row.querySelector(":focus-visible") !== null;

/** The finger that opened something leaves it untouched when it is lifted. */
function ignoreNextClick() {
  const ignore = (event) => {
    event.preventDefault();
    event.stopPropagation();
  };
  addEventListener("click", ignore, { capture: true, once: true });
  const heed = () => removeEventListener("click", ignore, { capture: true });
  addEventListener("pointerdown", heed, { capture: true, once: true });
}
