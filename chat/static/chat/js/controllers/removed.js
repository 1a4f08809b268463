import { part, setText, show } from "chat/dom.js";

/** Somebody was removed from the private channel that they are in: the page is elsewhere, and says so. */
export class Removed {
  #element;
  #session;
  #go;
  #home;
  #saidIn = null;

  /** `go(room)` enters a room in place of the present one; `home` is where there is one. */
  constructor({ element, session, go, home }) {
    this.#element = element;
    this.#session = session;
    this.#go = go;
    this.#home = home;
    session.on("room", () => session.room !== this.#saidIn && show(element, false));
    part(element, "close").addEventListener("click", () => show(element, false));
  }

  tell({ room, name }) {
    if (room !== this.#session.room) return;
    const { first } = this.#session.rooms;
    if (!first) {
      location.assign(this.#home);
      return;
    }
    this.#go(first);
    this.#saidIn = first.room;
    setText(part(this.#element, "words"), `You were removed from ${name}. You are in ${first.name} now.`);
    show(this.#element, true);
  }
}
