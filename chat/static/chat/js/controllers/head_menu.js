import { Menu } from "chat/controllers/menu.js";

/** What can be done about the channel, behind the three dots over it. */
export class HeadMenuController {
  #menu;
  #deeds;

  /** `deeds` has a function for each `data-act` of the menu. */
  constructor({ button, element, session, deeds }) {
    this.#menu = new Menu(element);
    this.#deeds = deeds;
    button.addEventListener("click", () => this.#menu.open(button, (name) => this.#deeds[name](button)));
    session.on("me", () => (button.hidden = session.me === null));
  }
}
