import { part, setText } from "chat/dom.js";

const EDITABLE = "input, textarea, select, [contenteditable]";
const IS_APPLE = /Mac|iP(hone|ad|od)/.test(navigator.platform);

/** Keys that work anywhere, and the list of all that there are. */
export class ShortcutsController {
  #dialog;
  #openSwitcher;
  #write;

  /** `write()` puts the focus into the message field. */
  constructor({ dialog, openSwitcher, write }) {
    this.#dialog = dialog;
    this.#openSwitcher = openSwitcher;
    this.#write = write;
    part(dialog, "close").addEventListener("click", () => dialog.close());
    document.addEventListener("keydown", (event) => this.#pressed(event));
    if (!IS_APPLE) return;
    for (const key of document.querySelectorAll("[data-mod]")) setText(key, "⌘");
  }

  open() {
    if (!this.#dialog.open) this.#dialog.showModal();
  }

  #pressed(event) {
    if (event.defaultPrevented || event.isComposing) return;
    const modified = event.ctrlKey || event.metaKey;
    const busy = document.querySelector("dialog:modal") !== null;
    if (modified && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      if (!busy) this.#openSwitcher();
    } else if (!modified && !event.altKey && !busy) {
      this.#plain(event);
    }
  }

  #plain(event) {
    if (event.target.matches(EDITABLE)) return;
    const nowhere = event.target === document.body;
    if (event.key === "?") {
      event.preventDefault();
      this.open();
    } else if (nowhere && (event.key === "Escape" || (event.key.length === 1 && event.key !== " "))) {
      // What is typed to nobody is a message.
      this.#write();
    }
  }
}
