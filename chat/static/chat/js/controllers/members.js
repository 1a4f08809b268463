import { clone, part, setText, show } from "chat/dom.js";
import { reasonOf } from "chat/changes.js";
import { hueOf, initialsOf, OWN_HUE } from "chat/people.js";

/** From here on the members stand beside the conversation; the same numbers are in members.css. */
const WIDE = "(min-width: 75rem)";

/** Below this they cover it. */
const NARROW = "(max-width: 44.9375rem)";

const KEY = "chat:members";
const byName = new Intl.Collator(undefined, { sensitivity: "base", numeric: true });

/** Who is here, in a panel of their own; on a wide page it stays open from visit to visit. */
export class MembersController {
  #root;
  #panel;
  #openers;
  #behind;
  #template;
  #session;
  #storage;
  #wide = matchMedia(WIDE);
  #opener = null;

  constructor({ root, panel, openers, behind, template, session, storage }) {
    this.#root = root;
    this.#panel = panel;
    this.#openers = [...openers];
    this.#behind = behind;
    this.#template = template;
    this.#session = session;
    this.#storage = storage;
    for (const opener of this.#openers) opener.addEventListener("click", () => this.toggle(opener));
    panel.querySelector("[data-members-close]").addEventListener("click", () => this.close());
    panel.addEventListener("keydown", (event) => event.key === "Escape" && this.close());
    part(panel, "more-button").addEventListener("click", () => this.#more());
    this.#wide.addEventListener("change", () => this.#set(this.#isKept));
    session.presence.on("change", () => this.#draw());
    for (const event of ["me", "room"]) session.on(event, () => this.#draw());
    this.#set(this.#isKept);
    this.#draw();
  }

  get isOpen() {
    return this.#root.dataset.members === "open";
  }

  /** `opener` gets the focus back. */
  toggle(opener) {
    if (this.isOpen) this.close();
    else this.#open(opener);
  }

  close() {
    if (!this.isOpen) return;
    const hadFocus = this.#panel.contains(document.activeElement);
    this.#set(false);
    this.#keep(false);
    if (hadFocus) this.#opener?.focus();
  }

  #open(opener) {
    this.#opener = opener;
    this.#set(true);
    this.#keep(true);
    if (!this.#wide.matches) this.#panel.querySelector("[data-members-close]").focus();
  }

  get #isKept() {
    return this.#wide.matches && this.#session.me !== null && this.#storage.get(KEY) === true;
  }

  /** Only where it takes nothing away is it open on the next visit. */
  #keep(open) {
    if (this.#wide.matches) this.#storage.set(KEY, open);
  }

  #set(open) {
    if (open) this.#root.dataset.members = "open";
    else delete this.#root.dataset.members;
    this.#behind.inert = open && matchMedia(NARROW).matches;
    for (const opener of this.#openers) opener.setAttribute("aria-expanded", String(open));
  }

  #draw() {
    const { presence, me } = this.#session;
    if (me === null) this.#set(false);
    const people = presence.people.toSorted((a, b) => byName.compare(a.name, b.name));
    if (presence.count) setText(part(this.#panel, "count"), presence.count.toLocaleString());
    part(this.#panel, "people").replaceChildren(...people.map((person) => this.#item(person)));
    show(part(this.#panel, "more"), people.length > 0 && people.length < presence.count);
  }

  #item({ id, name }) {
    const item = clone(this.#template);
    const own = id === this.#session.me?.id;
    const avatar = part(item, "avatar");
    avatar.dataset.hue = own ? OWN_HUE : hueOf(name);
    setText(avatar, initialsOf(name));
    setText(part(item, "name"), name);
    show(part(item, "you"), own);
    return item;
  }

  async #more() {
    const problem = part(this.#panel, "problem");
    setText(problem, "");
    const hadFocus = this.#panel.contains(document.activeElement);
    try {
      await this.#session.askMembers({ more: true });
    } catch (error) {
      setText(problem, reasonOf(error));
    }
    // The button goes when everybody is listed.
    const closer = this.#panel.querySelector("[data-members-close]");
    if (hadFocus && !this.#panel.contains(document.activeElement)) closer.focus();
  }
}
