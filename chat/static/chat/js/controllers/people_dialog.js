import { reasonOf } from "chat/changes.js";
import { NOTES } from "chat/called.js";
import { browserClock } from "chat/clock.js";
import { fillAvatar } from "chat/controllers/faces.js";
import { clone, onClosed, part, setText, show } from "chat/dom.js";
import { PeopleFinder } from "chat/models/people_finder.js";
import { findPeople } from "chat/people_commands.js";

/** So close to the end of the list the next page is asked for. */
const NEAR_END_PX = 80;

/** Finds a person by the start of their name: to write to them, or to invite them. */
export class PeopleDialog {
  #dialog;
  #field;
  #list;
  #template;
  #session;
  #finder;
  #choose = () => {};
  #noteOf = () => "";
  #problem = "";

  constructor({ dialog, template, session, clock = browserClock }) {
    this.#dialog = dialog;
    this.#field = dialog.querySelector("input");
    this.#list = part(dialog, "list");
    this.#template = template;
    this.#session = session;
    this.#finder = new PeopleFinder({
      search: (asked) => findPeople(session, asked),
      me: () => session.me,
      clock,
    });
    this.#finder.on("change", () => this.#draw());
    this.#field.addEventListener("input", () => this.#typed());
    this.#field.addEventListener("keydown", (event) => this.#pressed(event));
    this.#list.addEventListener("click", ({ target }) => this.#clicked(target));
    this.#list.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    dialog.querySelector("form").addEventListener("submit", (event) => this.#submitted(event));
    part(dialog, "close").addEventListener("click", () => dialog.close());
    onClosed(dialog, () => this.#finder.end());
    session.on("me", () => session.me === null && dialog.close());
  }

  /**
   * `choose(person)` does what it is for and may throw a ReplyError. When the dialogue has done its work with
   * that, it resolves with what comes after, a function. `noteOf(person)` is what stands behind a name.
   */
  open({ title, notes = false, choose, noteOf = () => "" }) {
    if (this.#dialog.open) return;
    this.#choose = choose;
    this.#noteOf = noteOf;
    this.#problem = "";
    this.#field.value = "";
    setText(part(this.#dialog, "title"), title);
    this.#finder.begin({ notes });
    this.#dialog.showModal();
    this.#field.focus();
  }

  #typed() {
    this.#problem = "";
    this.#finder.typed(this.#field.value);
  }

  #pressed(event) {
    if (event.isComposing || !this.#finder.pressed(event.key)) return;
    event.preventDefault();
  }

  #submitted(event) {
    event.preventDefault();
    this.#take(this.#finder.chosen);
  }

  #clicked(target) {
    const id = target.closest("[data-person]")?.dataset.person;
    this.#take(this.#finder.options.find((person) => person.id === id));
  }

  #scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.#list;
    if (scrollHeight - scrollTop - clientHeight < NEAR_END_PX) this.#finder.next();
  }

  async #take(person) {
    if (!person) return;
    this.#problem = "";
    try {
      const then = await this.#choose(person);
      if (then) this.#dialog.close();
      then?.();
    } catch (error) {
      this.#problem = reasonOf(error);
    }
    this.#draw();
  }

  #draw() {
    const { options, at } = this.#finder;
    const items = options.map((person, index) => this.#option(person, index, index === at));
    const { scrollTop } = this.#list;
    this.#list.replaceChildren(...items);
    this.#list.scrollTop = scrollTop;
    this.#field.setAttribute("aria-activedescendant", items[at]?.id ?? "");
    items[at]?.scrollIntoView({ block: "nearest" });
    setText(part(this.#dialog, "words"), this.#words(options.length));
  }

  #words(found) {
    const { problem, searching, query } = this.#finder;
    if (this.#problem) return this.#problem;
    if (problem) return reasonOf(problem);
    if (found) return "";
    if (searching) return "Searching";
    return query ? `Nobody’s name starts with “${query}”.` : "Nobody has an account yet.";
  }

  #option(person, index, chosen) {
    const item = clone(this.#template);
    const notes = person.name === NOTES && person.id === this.#session.me?.id;
    item.id = `people-option-${index}`;
    item.dataset.person = person.id;
    item.setAttribute("aria-selected", String(chosen));
    show(part(item, "avatar"), !notes);
    show(part(item, "notes"), notes);
    if (!notes) fillAvatar(part(item, "avatar"), person, this.#session.me, 1);
    setText(part(item, "name"), person.name);
    setText(part(item, "note"), this.#noteOf(person));
    return item;
  }
}
