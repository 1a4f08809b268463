import { hasAccount, iconOf, isPersonal, titleOf } from "chat/called.js";
import { browserClock } from "chat/clock.js";
import { fillFace } from "chat/controllers/faces.js";
import { findRooms, learn } from "chat/directory.js";
import { clone, onClosed, part, setText, show } from "chat/dom.js";
import { Switcher } from "chat/models/switcher.js";
import { findPeople } from "chat/people_commands.js";
import { capped } from "chat/text.js";

/** Jumps to a channel or a personal chat by typing a piece of its name. */
export class SwitcherController {
  #dialog;
  #field;
  #list;
  #template;
  #session;
  #go;
  #write;
  #model;

  /** `go(room)` enters the chosen one; `write(person)` opens the chat with somebody who has none yet. */
  constructor({ dialog, template, session, go, write, clock = browserClock }) {
    this.#dialog = dialog;
    this.#field = dialog.querySelector("input");
    this.#list = part(dialog, "list");
    this.#template = template;
    this.#session = session;
    this.#go = go;
    this.#write = write;
    this.#model = new Switcher({
      known: () => session.rooms.all.map((room) => this.#called(room)),
      unreadOf: (room) => (room === session.room ? 0 : session.unread.of(room)),
      search: (query) => this.#search(query),
      clock,
    });
    this.#model.on("change", () => this.#draw());
    this.#field.addEventListener("input", () => this.#model.typed(this.#field.value));
    this.#field.addEventListener("keydown", (event) => this.#pressed(event));
    this.#list.addEventListener("click", ({ target }) => this.#clicked(target));
    dialog.querySelector("form").addEventListener("submit", (event) => this.#submitted(event));
    part(dialog, "close").addEventListener("click", () => dialog.close());
    onClosed(dialog, () => this.#model.end());
  }

  open() {
    if (this.#dialog.open || this.#session.me === null) return;
    this.#field.value = "";
    this.#model.begin();
    this.#dialog.showModal();
    this.#field.focus();
  }

  #called(room) {
    return { ...room, name: titleOf(room, this.#session.me) };
  }

  async #search(query) {
    const asked = [findRooms(this.#session, query)];
    if (hasAccount(this.#session.me)) asked.push(this.#people(query));
    const answers = await Promise.allSettled(asked);
    const found = answers.flatMap(({ value }) => value ?? []).map((room) => this.#called(room));
    return { found, complete: answers.every(({ status }) => status === "fulfilled") };
  }

  async #people(query) {
    const { people } = await findPeople(this.#session, { query });
    return people.map((person) => ({ kind: "direct", room: `person:${person.id}`, name: person.name, person }));
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
    if (room.room === `person:${room.person?.id}`) {
      this.#write(room.person);
      return;
    }
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
    if (this.#model.searching) return "Searching";
    if (!this.#model.complete) return "The search did not get through. Try again in a moment.";
    const what = hasAccount(this.#session.me) ? "No channel and nobody" : "No channel";
    return `${what} has “${this.#model.query}” in its name.`;
  }

  #option(option, index, chosen) {
    const { room, name } = option;
    const personal = isPersonal(option);
    const item = clone(this.#template);
    show(part(item, "face"), personal);
    show(part(item, "mark"), !personal);
    if (personal) fillFace(item, option, this.#session.me, 1);
    const here = room === this.#session.room;
    const unread = here ? 0 : this.#session.unread.of(room);
    item.id = `jump-option-${index}`;
    item.dataset.option = room;
    item.setAttribute("aria-selected", String(chosen));
    part(item, "icon").setAttribute("href", iconOf(option));
    setText(part(item, "name"), name);
    setText(part(item, "note"), here ? "you are here" : "");
    setText(part(item, "unread"), unread ? capped(unread) : "");
    show(part(item, "badge"), unread > 0);
    part(item, "badge").classList.toggle("badge--call", personal);
    return item;
  }
}
