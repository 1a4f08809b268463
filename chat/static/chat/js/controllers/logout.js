import { refusalOf } from "chat/controllers/checked_field.js";
import { part, setText } from "chat/dom.js";
import { postJson } from "chat/http.js";

/** Ends the session, after asking when something would be lost. */
export class LogoutController {
  #dialog;
  #session;
  #socket;
  #storage;
  #url;

  constructor({ dialog, session, socket, storage, url }) {
    this.#dialog = dialog;
    this.#session = session;
    this.#socket = socket;
    this.#storage = storage;
    this.#url = url;
    part(dialog, "cancel").addEventListener("click", () => dialog.close());
    part(dialog, "leave").addEventListener("click", () => this.#leave());
  }

  /** Logs out at once when nothing is unsent. */
  begin() {
    this.#session.changes.commit();
    const { lossWords } = this.#session.outbox;
    setText(part(this.#dialog, "words"), lossWords);
    setText(part(this.#dialog, "refusal"), "");
    if (lossWords) this.#dialog.showModal();
    else this.#leave();
  }

  async #leave() {
    const { id } = this.#session.me;
    // The server ends it, too, perhaps before it answers: the page would start anew and miss the answer.
    this.#socket.stop();
    try {
      await postJson(this.#url);
    } catch (error) {
      this.#session.start();
      setText(part(this.#dialog, "refusal"), refusalOf(error).detail);
      if (!this.#dialog.open) this.#dialog.showModal();
      return;
    }
    this.#storage.forget(id);
    // Whatever this page has learned goes with it; the server draws the next one for nobody.
    location.reload();
  }
}
