import { hasAccount, mayChange } from "chat/called.js";
import { reasonOf } from "chat/changes.js";
import { fillAvatar, fillPresence } from "chat/controllers/faces.js";
import { clone, NARROW, part, setText, show } from "chat/dom.js";
import { Crowd } from "chat/models/crowd.js";

/** From here on the members stand beside the conversation; the same number is in members.css. */
const WIDE = "(min-width: 75rem)";

const KEY = "chat:members";
const byName = new Intl.Collator(undefined, { sensitivity: "base", numeric: true });

/**
 * Who is here, and who belongs to a private room and is not, in a panel of their own; on a wide page it stays
 * open from visit to visit.
 */
export class MembersController {
  #root;
  #panel;
  #openers;
  #behind;
  #template;
  #session;
  #storage;
  #crowd;
  #wide = matchMedia(WIDE);
  #opener = null;

  /** `openCard(person, button)` shows who somebody is; `invite()` begins to invite people. */
  constructor({ root, panel, openers, behind, template, session, storage, openCard, invite }) {
    this.#root = root;
    this.#panel = panel;
    this.#openers = [...openers];
    this.#behind = behind;
    this.#template = template;
    this.#session = session;
    this.#storage = storage;
    this.#crowd = new Crowd({ presence: session.presence, ask: () => this.#ask() });
    panel.querySelector("[data-members-close]").addEventListener("click", () => this.close());
    panel.addEventListener("keydown", (event) => event.key === "Escape" && this.close());
    part(panel, "more-button").addEventListener("click", () => this.#more());
    part(panel, "invite-button").addEventListener("click", () => invite());
    panel.addEventListener("click", ({ target }) => {
      const button = target.closest("[data-person]");
      if (button) openCard(this.#personOf(button.dataset.person), button);
    });
    this.#wide.addEventListener("change", () => this.#set(this.#isKept));
    session.presence.on("change", () => this.#draw());
    session.presence.on("news", ({ what }) => what === "left" && this.#askWhoWasRemoved());
    session.rooms.on("change", () => this.#drawInvite());
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
    if (!this.#wide.matches) this.#closer.focus();
    // Whoever came or left a crowd meanwhile.
    this.#ask();
  }

  #ask() {
    this.#session.askMembers().catch(() => {});
  }

  /** Who was invited or removed, and not by this page, is told only to whom it concerns. */
  #askWhoWasRemoved() {
    if (this.isOpen && this.#channel.private) this.#ask();
  }

  get #closer() {
    return this.#panel.querySelector("[data-members-close]");
  }

  get #channel() {
    return this.#session.rooms.get(this.#session.room) ?? {};
  }

  #personOf(id) {
    const { people, away } = this.#session.presence;
    return [...people, ...away].find((person) => person.id === id);
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
    this.#crowd.watched = open;
    this.#behind.inert = open && matchMedia(NARROW).matches;
    for (const opener of this.#openers) opener.setAttribute("aria-expanded", String(open));
  }

  #draw() {
    const { presence, me } = this.#session;
    if (me === null) this.#set(false);
    const { people, away, count } = presence;
    const hadFocus = this.#panel.contains(document.activeElement);
    if (count) setText(part(this.#panel, "count"), count.toLocaleString());
    this.#fill(part(this.#panel, "people"), people, true);
    show(part(this.#panel, "more"), people.length > 0 && people.length < count);
    setText(part(this.#panel, "away-count"), away.length.toLocaleString());
    show(part(this.#panel, "away-title"), away.length > 0);
    this.#fill(part(this.#panel, "away"), away, false);
    this.#drawInvite();
    // Whoever had the focus has gone.
    if (hadFocus && !this.#panel.contains(document.activeElement)) this.#closer.focus();
  }

  #drawInvite() {
    const { me, may } = this.#session;
    const mine = this.#channel.private && hasAccount(me) && mayChange(this.#channel, me, may);
    show(part(this.#panel, "invite"), Boolean(mine));
  }

  /** By name; who is listed already stays where they are, with the focus. */
  #fill(list, people, here) {
    const items = new Map([...list.children].map((item) => [part(item, "button").dataset.person, item]));
    const wanted = new Set(people.map(({ id }) => id));
    for (const [id, item] of items) if (!wanted.has(id)) item.remove();
    let next = list.firstElementChild;
    for (const person of people.toSorted((a, b) => byName.compare(a.name, b.name))) {
      const item = items.get(person.id) ?? clone(this.#template);
      this.#fillItem(item, person, here);
      if (item === next) next = next.nextElementSibling;
      else list.insertBefore(item, next);
    }
  }

  #fillItem(item, person, here) {
    const { me } = this.#session;
    part(item, "button").dataset.person = person.id;
    fillAvatar(part(item, "avatar"), person, me);
    fillPresence(part(item, "presence"), here);
    setText(part(item, "name"), person.name);
    show(part(item, "you"), person.id === me?.id);
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
    if (hadFocus && !this.#panel.contains(document.activeElement)) this.#closer.focus();
  }
}
