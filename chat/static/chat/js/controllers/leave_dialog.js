import { reasonOf } from "chat/changes.js";
import { leaveChannel } from "chat/directory.js";
import { part, setText } from "chat/dom.js";

/** Asks before somebody leaves a private channel: only an invitation brings them back. */
export class LeaveDialog {
  #dialog;
  #session;
  #room = null;

  constructor({ dialog, session }) {
    this.#dialog = dialog;
    this.#session = session;
    part(dialog, "cancel").addEventListener("click", () => dialog.close());
    part(dialog, "leave").addEventListener("click", () => this.#leave());
    session.on("room", () => dialog.close());
  }

  /** About the present channel. */
  open() {
    const { room, rooms } = this.#session;
    this.#room = room;
    setText(part(this.#dialog, "name"), rooms.get(room).name);
    setText(part(this.#dialog, "problem"), "");
    this.#dialog.showModal();
  }

  async #leave() {
    try {
      await leaveChannel(this.#session, this.#room);
    } catch (error) {
      setText(part(this.#dialog, "problem"), reasonOf(error));
      return;
    }
    this.#dialog.close();
  }
}
