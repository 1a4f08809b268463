import { clone } from "chat/dom.js";
import { step } from "chat/models/roving.js";

/** A bubble narrower than so many times their width has them beside it, so that they cover no name. */
const SHORT = 2.25;

/** What stays free beside them. */
const SLACK_PX = 24;

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
    if (!row) return;
    const box = row.querySelector('[data-part="box"]');
    box.append(this.#element);
    const beside = this.#wantsBeside(row, box);
    this.#element.toggleAttribute("data-beside", beside);
    if (beside) box.parentElement.append(this.#element);
  }

  /** Over the bubble they cover a name that is short, or the message above in the same group. */
  #wantsBeside(row, box) {
    const width = this.#element.offsetWidth;
    const covers = row.dataset.start === "false" || box.offsetWidth < SHORT * width;
    const { paddingInlineStart, paddingInlineEnd } = getComputedStyle(row);
    const inner = row.clientWidth - parseFloat(paddingInlineStart) - parseFloat(paddingInlineEnd);
    const time = row.querySelector('[data-part="when"]').offsetWidth;
    return covers && inner - box.offsetWidth - time - width > SLACK_PX;
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
