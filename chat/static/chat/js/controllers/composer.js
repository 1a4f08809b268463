import { flag, hasFinePointer, part, setText } from "chat/dom.js";
import { count, isBlank, lengthOf } from "chat/text.js";

/** The counter appears when so few characters are left. */
const TELL_FROM = 200;

/** Browsers that do not know isComposing say it with this key code. */
const COMPOSING_KEY_CODE = 229;

/** Writing: one draft a room, grown to eight lines, sent with Enter. */
export class ComposerController {
  #form;
  #field;
  #hint;
  #words;
  #session;
  #sent;
  #drafts = new Map();
  #room;

  /** `sent()` is called when a message left the field. */
  constructor({ form, hint, session, sent }) {
    this.#form = form;
    this.#field = form.querySelector("textarea");
    this.#hint = hint;
    this.#words = hint.firstElementChild;
    this.#session = session;
    this.#sent = sent;
    this.#room = session.room;
    form.addEventListener("submit", (event) => this.#submitted(event));
    this.#field.addEventListener("keydown", (event) => this.#pressed(event));
    this.#field.addEventListener("input", () => this.#typed());
    session.on("room", () => this.#changeRoom());
    session.on("me", () => this.#changePerson());
    session.rooms.on("change", () => this.#address());
    session.on("connection", () => this.#refresh());
    this.#changePerson();
  }

  focus() {
    this.#field.focus({ preventScroll: true });
  }

  /** Puts words where a message is written, unless there are some. */
  suggest(words) {
    if (isBlank(this.#field.value)) this.#field.value = words;
    this.#refresh();
    this.focus();
  }

  #pressed(event) {
    if (event.key !== "Enter" || event.shiftKey) return;
    if (event.isComposing || event.keyCode === COMPOSING_KEY_CODE) return;
    event.preventDefault();
    this.#send();
  }

  #submitted(event) {
    event.preventDefault();
    this.#send();
    this.focus();
  }

  #send() {
    const body = this.#field.value;
    if (!this.#sendable) return;
    this.#session.send(body.replaceAll("\r\n", "\n").trim());
    this.#field.value = "";
    this.#refresh();
    this.#sent();
  }

  #typed() {
    this.#refresh();
    if (!isBlank(this.#field.value)) this.#session.typed();
  }

  get #limit() {
    return this.#session.limits.body_characters ?? Infinity;
  }

  get #sendable() {
    const { value } = this.#field;
    return this.#session.me !== null && !isBlank(value) && lengthOf(value) <= this.#limit;
  }

  #changeRoom() {
    this.#drafts.set(this.#room, this.#field.value);
    this.#room = this.#session.room;
    this.#field.value = this.#drafts.get(this.#room) ?? "";
    this.#address();
    this.#refresh();
    if (hasFinePointer()) this.focus();
  }

  #changePerson() {
    const { me } = this.#session;
    this.#field.disabled = me === null;
    if (me === null) {
      this.#drafts.clear();
      this.#field.value = "";
    }
    this.#refresh();
  }

  #address() {
    const name = this.#session.rooms.get(this.#session.room)?.name;
    if (!name) return;
    this.#field.placeholder = `Write to ${name}`;
    setText(part(this.#form, "label"), `Write to ${name}`);
  }

  #refresh() {
    const length = lengthOf(this.#field.value);
    const left = this.#limit - length;
    const over = left < 0;
    part(this.#form, "send").setAttribute("aria-disabled", String(!this.#sendable));
    flag(this.#form, "over", over);
    flag(this.#hint, "over", over);
    this.#words.classList.toggle("dock__keys", left > TELL_FROM);
    setText(this.#words, this.#hintFor(left));
    this.#grow();
  }

  #hintFor(left) {
    if (left > TELL_FROM) return "Enter sends, Shift + Enter starts a new line";
    if (left >= 0) return `${count(left, "character")} left`;
    return `${count(-left, "character")} too many, at most ${this.#limit.toLocaleString()}`;
  }

  /** Where the browser does not size the field by its content. */
  #grow() {
    if (CSS.supports("field-sizing", "content")) return;
    this.#field.style.blockSize = "auto";
    this.#field.style.blockSize = `${this.#field.scrollHeight}px`;
  }
}
