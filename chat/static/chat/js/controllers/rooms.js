import { iconOf, isPersonal, titleOf } from "chat/called.js";
import { fillFace } from "chat/controllers/faces.js";
import { clone, flag, part, setText, show } from "chat/dom.js";
import { onceForAll } from "chat/following.js";
import { capped } from "chat/text.js";

/** Channels, or personal chats: real links, kept true. */
export class RoomsController {
  #list;
  #template;
  #session;
  #addressOf;
  #rooms;

  /** `addressOf(room)` is where a room lives; `rooms()` are those of this list in their order. */
  constructor({ list, template, session, addressOf, rooms }) {
    this.#list = list;
    this.#template = template;
    this.#session = session;
    this.#addressOf = addressOf;
    this.#rooms = rooms;
    const changed = onceForAll(() => this.#draw());
    for (const model of [session.rooms, session.unread]) model.on("change", changed);
    for (const event of ["room", "me"]) session.on(event, changed);
    this.#draw();
  }

  #draw() {
    const here = this.#session.room;
    const shown = this.#rooms().filter(({ room, archived }) => !archived || room === here);
    const wanted = new Set(shown.map(({ room }) => room));
    for (const item of [...this.#list.children]) {
      if (!wanted.has(item.querySelector("[data-room]").dataset.room)) item.remove();
    }
    let next = this.#list.firstElementChild;
    for (const room of shown) {
      const item = this.#itemOf(room);
      this.#fill(item.querySelector("[data-room]"), room);
      if (item === next) next = next.nextElementSibling;
      else this.#move(item, next);
    }
  }

  /** What goes up takes the focus with it. */
  #move(item, next) {
    const focused = item.contains(document.activeElement) ? document.activeElement : null;
    this.#list.insertBefore(item, next);
    focused?.focus({ preventScroll: true });
  }

  #itemOf({ room }) {
    const row = this.#list.querySelector(`[data-room="${CSS.escape(room)}"]`);
    return row?.closest("li") ?? clone(this.#template);
  }

  #fill(row, room) {
    const { me } = this.#session;
    const here = room.room === this.#session.room;
    const unread = here ? 0 : this.#session.unread.of(room.room);
    row.dataset.room = room.room;
    row.href = this.#addressOf(room);
    if (here) row.setAttribute("aria-current", "page");
    else row.removeAttribute("aria-current");
    if (isPersonal(room)) fillFace(row, room, me, 1);
    else fillIcon(row, room);
    setText(part(row, "name"), titleOf(room, me));
    setText(part(row, "unread"), unread ? capped(unread) : "");
    show(part(row, "badge"), unread > 0);
    flag(row, "unread", unread > 0);
  }
}

function fillIcon(row, room) {
  part(row, "icon").setAttribute("href", iconOf(room));
  show(part(row, "private"), Boolean(room.private));
}
