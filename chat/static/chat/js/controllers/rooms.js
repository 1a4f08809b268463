import { clone, flag, part, setText, show } from "chat/dom.js";
import { capped } from "chat/text.js";

/** The list of rooms: real links, kept true. */
export class RoomsController {
  #list;
  #template;
  #session;
  #addressOf;

  /** `addressOf(slug)` is where a channel lives. */
  constructor({ list, template, session, addressOf }) {
    this.#list = list;
    this.#template = template;
    this.#session = session;
    this.#addressOf = addressOf;
    session.rooms.on("change", () => this.#draw());
    session.unread.on("change", () => this.#draw());
    session.on("room", () => this.#draw());
    this.#draw();
  }

  #draw() {
    const shown = this.#session.rooms.all.filter((room) => this.#belongs(room));
    const wanted = new Set(shown.map(({ room }) => room));
    for (const item of [...this.#list.children]) {
      if (!wanted.has(item.querySelector("[data-room]").dataset.room)) item.remove();
    }
    let next = this.#list.firstElementChild;
    for (const room of shown) {
      const item = this.#itemOf(room);
      this.#fill(item.querySelector("[data-room]"), room);
      if (item === next) next = next.nextElementSibling;
      else this.#list.insertBefore(item, next);
    }
  }

  #belongs({ room, kind, archived }) {
    return kind === "channel" && (!archived || room === this.#session.room);
  }

  #itemOf({ room }) {
    const row = this.#list.querySelector(`[data-room="${CSS.escape(room)}"]`);
    return row?.closest("li") ?? clone(this.#template);
  }

  #fill(row, { room, slug, name, private: secret }) {
    const here = room === this.#session.room;
    const unread = here ? 0 : this.#session.unread.of(room);
    row.dataset.room = room;
    row.href = this.#addressOf(slug);
    if (here) row.setAttribute("aria-current", "page");
    else row.removeAttribute("aria-current");
    part(row, "icon").setAttribute("href", secret ? "#icon-lock" : "#icon-hash");
    setText(part(row, "name"), name);
    setText(part(row, "unread"), unread ? capped(unread) : "");
    show(part(row, "badge"), unread > 0);
    flag(row, "unread", unread > 0);
  }
}
