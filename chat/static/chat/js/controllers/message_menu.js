import { Menu } from "chat/controllers/menu.js";
import { emojiButton } from "chat/controllers/picker.js";
import { fullTime } from "chat/dates.js";
import { part, setText, show } from "chat/dom.js";

const QUICK = 6;

/** Everything that can be done with one message: beside it, or as a sheet on a phone. */
export class MessageMenu {
  #element;
  #menu;
  #recent;

  /** `recent` knows the emoji that were used last. */
  constructor({ element, recent, closed }) {
    this.#element = element;
    this.#menu = new Menu(element, { closed });
    this.#recent = recent;
  }

  get isOpen() {
    return this.#menu.isOpen;
  }

  /** `act(name, detail)` is called with what was chosen; `detail.symbol` is an emoji for `quick`. */
  open(anchor, { message, own }, act) {
    setText(part(this.#element, "when"), fullTime(message.ts));
    const quick = this.#recent.quick(QUICK).map(quickButton);
    part(this.#element, "quick").replaceChildren(...quick);
    for (const item of this.#element.querySelectorAll("[data-own]")) show(item, own);
    setText(part(this.#element, "author"), own ? "you" : message.author.name);
    this.#menu.open(anchor, act);
  }
}

function quickButton(symbol) {
  const button = emojiButton(symbol);
  button.dataset.act = "quick";
  button.tabIndex = 0;
  return button;
}
