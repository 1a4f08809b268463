import { isPersonal, mayLeave } from "chat/called.js";
// What is copied with later must not be missing then.
import "chat/controllers/copy.js";
import { LeaveDialog } from "chat/controllers/leave_dialog.js";
import { Menu } from "chat/controllers/menu.js";
import { part, show } from "chat/dom.js";

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
    const dialog = element.ownerDocument.querySelector("#leave-dialog");
    const leave = new LeaveDialog({ dialog, session });
    this.#deeds = { ...deeds, leave: () => leave.open() };
  }

  open(button) {
    const { rooms, room, me, may } = this.#session;
    const channel = rooms.get(room) ?? {};
    const personal = isPersonal(channel);
    for (const item of this.#element.querySelectorAll("[data-of-channels]")) show(item, !personal);
    show(part(this.#element, "leave"), mayLeave(channel, me, may));
    this.#menu.open(button, (name) => this.#deeds[name](button));
  }
}
