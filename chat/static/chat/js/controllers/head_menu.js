import { Menu } from "chat/controllers/menu.js";

/** What can be done about the channel, behind the three dots over it. */
export class HeadMenu {
  #menu;
  #deeds;

  /** `deeds` has a function for each `data-act` of the menu; it is called with what the menu hangs on. */
  constructor({ element, deeds }) {
    this.#menu = new Menu(element);
    this.#deeds = deeds;
  }

  open(button) {
    this.#menu.open(button, (name) => this.#deeds[name](button));
  }
}
