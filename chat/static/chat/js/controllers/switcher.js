import { browserClock } from "chat/clock.js";
import { findRooms, learn } from "chat/directory.js";
import { clone, part, setText, show } from "chat/dom.js";
import { Switcher } from "chat/models/switcher.js";
import { capped } from "chat/text.js";

/** Jumps to a channel by typing a piece of its name. */
export class SwitcherController {
  #dialog;
  #field;
  #list;
  #template;
  #session;
  #go;
  #model;

  /** `go(room)` enters the chosen one. */
  constructor({ dialog, template, session, go, clock = browserClock }) {
    this.#dialog = dialog;
    this.#field = dialog.querySelector("input");
    this.#list = part(dialog, "list");
    this.#template = template;
    this.#session = session;
    this.#go = go;
    this.#model = new Switcher({
      known: () => session.rooms.all,
      unreadOf: (room) => (room === session.room ? 0 : session.unread.of(room)),
      search: (query) => findRooms(session, query),
      clock,
    });
    this.#model.on("change", () => this.#draw());
    this.#field.addEventListener("input", () => this.#model.typed(this.#field.value));
    this.#field.addEventListener("keydown", (event) => this.#pressed(event));
    this.#list.addEventListener("click", ({ target }) => this.#clicked(target));
    dialog.querySelector("form").addEventListener("submit", (event) => this.#submitted(event));
    part(dialog, "close").addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => this.#model.end());
  }

  open() {
    if (this.#dialog.open || this.#session.me === null) return;
    this.#field.value = "";
    this.#model.begin();
    this.#dialog.showModal();
    this.#field.focus();
  }

  #pressed(event) {
    if (event.isComposing || !this.#model.pressed(event.key)) return;
    event.preventDefault();
  }

  #submitted(event) {
    event.preventDefault();
    this.#choose(this.#model.chosen);
  }

  #clicked(target) {
    const room = target.closest("[data-option]")?.dataset.option;
    this.#choose(this.#model.options.find((option) => option.room === room));
  }

  #choose(room) {
    if (!room) return;
    this.#dialog.close();
    learn(this.#session, room);
    this.#go(room);
  }

  #draw() {
    const { options, at } = this.#model;
    const items = options.map((room, index) => this.#option(room, index, index === at));
    this.#list.replaceChildren(...items);
    this.#field.setAttribute("aria-activedescendant", items[at]?.id ?? "");
    items[at]?.scrollIntoView({ block: "nearest" });
    setText(part(this.#dialog, "words"), this.#words(options.length));
  }

  #words(found) {
    if (found) return "";
    return this.#model.searching ? "Searching" : `No channel has “${this.#model.query}” in its name.`;
  }

  #option({ room, name, private: secret }, index, chosen) {
    const item = clone(this.#template);
    const here = room === this.#session.room;
    const unread = here ? 0 : this.#session.unread.of(room);
    item.id = `jump-option-${index}`;
    item.dataset.option = room;
    item.setAttribute("aria-selected", String(chosen));
    part(item, "icon").setAttribute("href", secret ? "#icon-lock" : "#icon-hash");
    setText(part(item, "name"), name);
    setText(part(item, "note"), here ? "you are here" : "");
    setText(part(item, "unread"), unread ? capped(unread) : "");
    show(part(item, "badge"), unread > 0);
    return item;
  }
}
