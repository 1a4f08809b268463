import { Popup } from "chat/controllers/popup.js";
import { hasFinePointer, part, setText, show } from "chat/dom.js";
import { EMOJI, emojiName, findEmoji } from "chat/models/emoji.js";

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
    const next = neighbourOf(event.target, buttons, event.key);
    if (next === undefined) return;
    event.preventDefault();
    if (next) moveFocus(event.target, next);
    else if (event.key === "ArrowUp") this.#field.focus();
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

/** Where an arrow leads: null at an end, undefined for another key. */
function neighbourOf(from, buttons, key) {
  const at = buttons.indexOf(from);
  switch (key) {
    case "ArrowLeft":
      return buttons[at - 1] ?? null;
    case "ArrowRight":
      return buttons[at + 1] ?? null;
    case "ArrowUp":
      return nearest(from, buttons, -1);
    case "ArrowDown":
      return nearest(from, buttons, 1);
    default:
      return undefined;
  }
}

/** The one above (-1) or below (1): of the next line, the one that stands closest. */
function nearest(from, buttons, way) {
  const here = from.getBoundingClientRect();
  const away = buttons
    .map((button) => ({ button, place: button.getBoundingClientRect() }))
    .map(({ button, place }) => ({
      button,
      down: (place.top - here.top) * way,
      aside: Math.abs(place.left - here.left),
    }))
    .filter(({ down }) => down > 1)
    .sort((a, b) => a.down - b.down || a.aside - b.aside);
  return away[0]?.button ?? null;
}

function moveFocus(from, to) {
  from.tabIndex = -1;
  to.tabIndex = 0;
  to.focus();
}
