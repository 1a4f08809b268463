import { Popup } from "chat/controllers/popup.js";
import { hasFinePointer, part, setText, show } from "chat/dom.js";
import { EMOJI, emojiName, findEmoji } from "chat/models/emoji.js";
import { step } from "chat/models/roving.js";

/** As many as stand side by side; the same number stands in picker.css. */
const COLUMNS = 8;

/** Chooses one emoji: those used last, all, or those whose name has what is typed. */
export class EmojiPicker {
  #element;
  #popup;
  #field;
  #recent;
  #chosen = () => {};

  /** `recent` remembers what was used. */
  constructor({ element, recent, closed }) {
    this.#element = element;
    this.#field = part(element, "search");
    this.#recent = recent;
    this.#popup = new Popup(element, { closed });
    this.#field.addEventListener("input", () => this.#draw());
    element.addEventListener("keydown", (event) => this.#pressed(event));
    element.addEventListener("click", ({ target }) => this.#take(target.closest("[data-symbol]")));
    for (const event of ["focusin", "pointerover"]) {
      element.addEventListener(event, ({ target }) => this.#tell(target.closest("[data-symbol]")));
    }
  }

  get isOpen() {
    return this.#popup.isOpen;
  }

  /** `chosen(symbol)` is called with the emoji, if one is chosen. */
  open(anchor, chosen) {
    this.#chosen = chosen;
    this.#field.value = "";
    this.#draw();
    this.#popup.open(anchor);
    part(this.#element, "list").scrollTop = 0;
    // On a phone the field would bring up the keyboard over what it is meant to find.
    (hasFinePointer() ? this.#field : this.#buttons[0]).focus();
  }

  get #buttons() {
    return [...this.#element.querySelectorAll("[data-symbol]")].filter((one) => one.checkVisibility());
  }

  #draw() {
    const query = this.#field.value.trim();
    const found = query ? findEmoji(query) : EMOJI;
    const recent = query ? [] : this.#recent.all;
    this.#fill(part(this.#element, "grid"), found.map(({ symbol }) => symbol));
    this.#fill(part(this.#element, "recent-grid"), recent);
    show(part(this.#element, "recent"), recent.length > 0);
    show(part(this.#element, "none"), found.length === 0);
    setText(part(this.#element, "title"), query ? "Found" : "All");
    this.#tell(null);
    // One stop for the Tab key; the arrows lead on from there.
    const [first] = this.#element.querySelectorAll("[data-symbol]");
    if (first) first.tabIndex = 0;
  }

  #fill(grid, symbols) {
    grid.replaceChildren(...symbols.map(emojiButton));
  }

  #pressed(event) {
    if (event.target === this.#field) this.#pressedInField(event);
    else this.#pressedInGrid(event);
  }

  #pressedInField(event) {
    const [first] = this.#buttons;
    if (event.key === "Enter" && this.#field.value.trim()) {
      event.preventDefault();
      this.#take(first);
    } else if (event.key === "ArrowDown" && first) {
      event.preventDefault();
      first.focus();
    }
  }

  #pressedInGrid(event) {
    const buttons = this.#buttons;
    const at = buttons.indexOf(event.target);
    if (at < 0) return;
    const to = step(event.key, { at: this.#placeOf(at), count: this.#places, columns: COLUMNS });
    const next = to === null ? null : buttons[this.#indexOf(to)];
    if (event.key === "ArrowUp" && !next) this.#field.focus();
    if (!["Home", "End"].includes(event.key) && !event.key.startsWith("Arrow")) return;
    event.preventDefault();
    if (!next) return;
    event.target.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  }

  /** The two grids are one, in which the first has empty places at its end. */
  get #gap() {
    const recent = part(this.#element, "recent-grid").childElementCount;
    return part(this.#element, "recent").hidden ? 0 : (COLUMNS - (recent % COLUMNS)) % COLUMNS;
  }

  get #recentCount() {
    return part(this.#element, "recent").hidden ? 0 : part(this.#element, "recent-grid").childElementCount;
  }

  get #places() {
    return this.#buttons.length + this.#gap;
  }

  #placeOf(index) {
    return index < this.#recentCount ? index : index + this.#gap;
  }

  #indexOf(place) {
    if (place < this.#recentCount) return place;
    return Math.max(this.#recentCount - 1, place - this.#gap);
  }

  /** The name in words, for those who cannot tell two faces apart. */
  #tell(button) {
    setText(part(this.#element, "name"), button ? emojiName(button.dataset.symbol) : "");
  }

  #take(button) {
    if (!button) return;
    const { symbol } = button.dataset;
    this.#recent.used(symbol);
    this.#popup.close();
    this.#chosen(symbol);
  }
}

/** A button with an emoji on it, out of the order of the Tab key. */
export function emojiButton(symbol) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "emoji-button";
  button.tabIndex = -1;
  button.dataset.symbol = symbol;
  button.textContent = symbol;
  button.setAttribute("aria-label", emojiName(symbol));
  return button;
}
