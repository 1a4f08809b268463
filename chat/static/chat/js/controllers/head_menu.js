import { isPersonal } from "chat/called.js";
import { Menu } from "chat/controllers/menu.js";
import { show } from "chat/dom.js";

/** What can be done about the room, behind the three dots over it. */
export class HeadMenu {
  #element;
  #session;
  #menu;
  #deeds;

  /** `deeds` has a function for each `data-act` of the menu; it is called with what the menu hangs on. */
  constructor({ element, session, deeds }) {
    this.#element = element;
    this.#session = session;
    this.#menu = new Menu(element);
    this.#deeds = deeds;
  }

  open(button) {
    const { rooms, room } = this.#session;
    const personal = isPersonal(rooms.get(room) ?? {});
    for (const item of this.#element.querySelectorAll("[data-of-channels]")) show(item, !personal);
    this.#menu.open(button, (name) => this.#deeds[name](button));
  }
}
