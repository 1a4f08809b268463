import { flag, NARROW, show } from "chat/dom.js";

/** The panel on a phone: comes over the conversation, which rests meanwhile. */
export class DrawerController {
  #panel;
  #scrim;
  #opener;
  #closer;
  #behind;

  constructor({ panel, scrim, opener, closer, behind }) {
    this.#panel = panel;
    this.#scrim = scrim;
    this.#opener = opener;
    this.#closer = closer;
    this.#behind = behind;
    opener.addEventListener("click", () => this.open());
    closer.addEventListener("click", () => this.close());
    scrim.addEventListener("click", () => this.close());
    panel.addEventListener("keydown", (event) => event.key === "Escape" && this.close());
    matchMedia(NARROW).addEventListener("change", () => this.close());
  }

  get isOpen() {
    return this.#panel.hasAttribute("data-open");
  }

  open() {
    this.#set(true);
    this.#closer.focus();
  }

  close() {
    if (!this.isOpen) return;
    this.#set(false);
    this.#opener.focus();
  }

  #set(open) {
    flag(this.#panel, "open", open);
    show(this.#scrim, open);
    this.#behind.inert = open;
    this.#opener.setAttribute("aria-expanded", String(open));
  }
}
