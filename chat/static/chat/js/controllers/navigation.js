/** Rooms have addresses: a click changes both without a load, and so do back and forward. */
export class NavigationController {
  #session;
  #addressOf;
  #entered;

  /** `entered()` is called when somebody chose a room, also the one they are in. */
  constructor({ list, session, addressOf, entered }) {
    this.#session = session;
    this.#addressOf = addressOf;
    this.#entered = entered;
    history.replaceState({ room: session.room }, "");
    list.addEventListener("click", (event) => this.#clicked(event));
    addEventListener("popstate", (event) => this.#moved(event.state));
  }

  go(room) {
    if (room.room !== this.#session.room) {
      history.pushState({ room: room.room }, "", this.#addressOf(room));
      this.#session.enter(room.room);
    }
    this.#entered();
  }

  /** Enters a room in place of the present one, to which nothing leads back. */
  replace(room) {
    history.replaceState({ room: room.room }, "", this.#addressOf(room));
    this.#session.enter(room.room);
  }

  #clicked(event) {
    const row = event.target.closest("[data-room]");
    const plain = !(event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
    if (!row || !plain || !this.#session.me) return;
    event.preventDefault();
    this.go(this.#session.rooms.get(row.dataset.room));
  }

  #moved(state) {
    const room = state?.room ?? this.#here;
    if (this.#session.rooms.get(room)) this.#session.enter(room);
    else location.reload();
  }

  /** A link within the page makes an entry of its own, which knows no room. */
  get #here() {
    const isHere = (room) => new URL(this.#addressOf(room), location.href).pathname === location.pathname;
    return this.#session.rooms.all.find(isHere)?.room;
  }
}
