import { clone } from "chat/dom.js";
import { step } from "chat/models/roving.js";

/** A bubble narrower than so many times their width has them beside it. */
const SHORT = 2.25;

/**
 * The small buttons at the upper end of a message. There is one set of them in the page: it stands in the
 * message under the pointer, or in the one that has the focus.
 */
export class MessageTools {
  #element;
  #row = null;

  constructor(template) {
    this.#element = clone(template);
    this.#element.addEventListener("keydown", (event) => this.#pressed(event));
  }

  /** The message that they stand in, or null. */
  get row() {
    return this.#row;
  }

  get hasFocus() {
    return this.#element.contains(document.activeElement);
  }

  /** Puts them into this message, or away with null. The Tab key finds them where the focus is. */
  show(row, { tabbable = false } = {}) {
    const [first, ...others] = this.#element.children;
    if (!this.hasFocus) {
      first.tabIndex = tabbable ? 0 : -1;
      for (const button of others) button.tabIndex = -1;
    }
    if (row === this.#row && (row === null || row.contains(this.#element))) return;
    this.#row = row;
    this.#element.remove();
    const box = row?.querySelector('[data-part="box"]');
    if (!box) return;
    box.append(this.#element);
    box.toggleAttribute("data-short", box.offsetWidth < SHORT * this.#element.offsetWidth);
  }

  #pressed(event) {
    const buttons = [...this.#element.children];
    const at = buttons.indexOf(event.target);
    const vertical = event.key === "ArrowUp" || event.key === "ArrowDown";
    const to = vertical ? null : step(event.key, { at, count: buttons.length, columns: buttons.length });
    if (to === null) return;
    event.preventDefault();
    event.stopPropagation();
    buttons[at].tabIndex = -1;
    buttons[to].tabIndex = 0;
    buttons[to].focus();
  }
}
