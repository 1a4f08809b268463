import { part } from "chat/dom.js";

/** The list of all keys. */
export class ShortcutsDialog {
  #dialog;

  constructor(dialog) {
    this.#dialog = dialog;
    part(dialog, "close").addEventListener("click", () => dialog.close());
  }

  open() {
    if (!this.#dialog.open) this.#dialog.showModal();
  }
}
