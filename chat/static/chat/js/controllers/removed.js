import { part, setText, show } from "chat/dom.js";

/** The private channel that somebody is in is theirs no more: the page is elsewhere, and says so. */
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

  /** `left` when it was this tab that left it; they were removed, or left it elsewhere, when not. */
  tell({ room, name, left }) {
    if (room !== this.#session.room) return;
    const { first } = this.#session.rooms;
    if (!first) {
      location.assign(this.#home);
      return;
    }
    this.#go(first);
    this.#saidIn = first.room;
    const what = left ? `You left ${name}` : `You are no longer in ${name}`;
    setText(part(this.#element, "words"), `${what}. You are in ${first.name} now.`);
    show(this.#element, true);
  }
}
