import { Popup } from "chat/controllers/popup.js";
import { step } from "chat/models/roving.js";

/** A popup with a list of things to do; arrows lead from one to the next. */
export class Menu {
  #popup;
  #items;
  #act = () => {};

  constructor(element, { closed } = {}) {
    this.#popup = new Popup(element, { closed });
    this.#items = () => [...element.querySelectorAll('[role="menuitem"]')].filter(isShown);
    element.addEventListener("keydown", (event) => this.#pressed(event));
    element.addEventListener("click", ({ target }) => this.#clicked(target));
  }

  get isOpen() {
    return this.#popup.isOpen;
  }

  /** `act(name, detail)` is called with the `data-act` that was chosen. */
  open(anchor, act) {
    this.#act = act;
    this.#popup.open(anchor);
    this.#items()[0]?.focus();
  }

  close() {
    this.#popup.close();
  }

  #pressed(event) {
    const items = this.#items();
    const at = items.indexOf(document.activeElement);
    const to = step(event.key, { at, count: items.length, round: true });
    if (event.key === "Tab") this.close();
    if (to === null) return;
    event.preventDefault();
    items[to].focus();
  }

  #clicked(target) {
    const chosen = target.closest("[data-act]");
    if (!chosen) return;
    this.close();
    this.#act(chosen.dataset.act, chosen.dataset);
  }
}

const isShown = (element) => element.checkVisibility();
