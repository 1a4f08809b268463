import { reasonOf } from "chat/changes.js";
import { hasAccount, mayChange } from "chat/called.js";
import { fillAvatar, fillPresence } from "chat/controllers/faces.js";
import { Popup } from "chat/controllers/popup.js";
import { part, setText, show } from "chat/dom.js";
import { remove } from "chat/people_commands.js";

const WHERE = new Map([
  [true, "here now"],
  [false, "not here"],
]);

/** Who somebody is, and what can be done about them. */
export class PersonCard {
  #element;
  #popup;
  #session;
  #write;
  #say;
  #person = null;

  /** `write(person)` opens the personal chat; `say(words)` says something for a moment. */
  constructor({ element, session, write, say }) {
    this.#element = element;
    this.#session = session;
    this.#write = write;
    this.#say = say;
    this.#popup = new Popup(element);
    this.#on("close", () => this.#popup.close());
    this.#on("message", () => this.#message());
    this.#on("remove", () => this.#ask(true));
    this.#on("cancel", () => this.#ask(false));
    this.#on("confirm", () => this.#remove());
    session.on("room", () => this.#popup.close());
    session.presence.on("change", () => this.#popup.isOpen && this.#draw());
  }

  /** Opens beside this element. */
  open(person, anchor) {
    this.#person = { ...person, name: this.#session.people.get(person.id) ?? person.name };
    this.#ask(false);
    this.#draw();
    this.#popup.open(anchor);
    this.#first.focus();
  }

  #on(name, act) {
    part(this.#element, name).addEventListener("click", act);
  }

  get #first() {
    const buttons = ["message", "remove", "close"].map((name) => part(this.#element, name));
    return buttons.find((button) => !button.hidden);
  }

  get #channel() {
    return this.#session.rooms.get(this.#session.room) ?? {};
  }

  #draw() {
    const { me, presence } = this.#session;
    const person = this.#person;
    const own = person.id === me?.id;
    const here = presence.isHere(person.id);
    fillAvatar(part(this.#element, "avatar"), person, me);
    fillPresence(part(this.#element, "presence"), here);
    setText(part(this.#element, "name"), person.name);
    const kind = person.guest ? "Guest" : "Account";
    setText(part(this.#element, "kind"), [own ? "You" : kind, WHERE.get(here)].filter(Boolean).join(" · "));
    show(part(this.#element, "message"), hasAccount(me) && !person.guest);
    setText(part(this.#element, "message-words"), own ? "Notes to yourself" : "Message");
    show(part(this.#element, "remove"), this.#isRemovable(person, own));
  }

  /** Who made a channel stays in it. */
  #isRemovable({ id }, own) {
    const { me, may, presence } = this.#session;
    const belongs = [...presence.people, ...presence.away].some((one) => one.id === id);
    const channel = this.#channel;
    return !own && belongs && Boolean(channel.private) && id !== channel.maker && mayChange(channel, me, may);
  }

  #message() {
    this.#popup.close();
    this.#write(this.#person);
  }

  /** Whether they are really to go. */
  #ask(asking) {
    show(part(this.#element, "deeds"), !asking);
    show(part(this.#element, "question"), asking);
    setText(part(this.#element, "problem"), "");
    const { name } = this.#person;
    setText(part(this.#element, "question-words"), `Remove ${name} from ${this.#channel.name}?`);
    if (asking) part(this.#element, "cancel").focus();
    else if (this.#popup.isOpen) this.#first.focus();
  }

  async #remove() {
    const { id, name } = this.#person;
    const channel = this.#channel;
    try {
      await remove(this.#session, channel.room, id);
    } catch (error) {
      setText(part(this.#element, "problem"), reasonOf(error));
      return;
    }
    this.#popup.close();
    this.#say(`${name} was removed from ${channel.name}`);
  }
}
