import { addresseeOf } from "chat/called.js";
import { ComposerMode } from "chat/controllers/composer_mode.js";
import { flag, hasFinePointer, part, setText } from "chat/dom.js";
import { LastSaid } from "chat/last_said.js";
import { afterPress } from "chat/press.js";
import { count, isBlank } from "chat/text.js";
import { Writing } from "chat/writing.js";

/** The counter appears when so few characters are left. */
const TELL_FROM = 200;

/** Browsers that do not know isComposing say it with this key code. */
const COMPOSING_KEY_CODE = 229;

/**
 * The field in which everything is written: a new message, grown to eight lines and sent with Enter, a reply, or an
 * edit of a message that is there already.
 */
export class ComposerController {
  #form;
  #field;
  #hint;
  #words;
  #session;
  #writing;
  #mode;
  #lastSaid;

  /** `sent()` is called when a message left the field. */
  constructor({ form, hint, session, storage, sent }) {
    this.#form = form;
    this.#field = form.querySelector("textarea");
    this.#hint = hint;
    this.#words = hint.firstElementChild;
    this.#session = session;
    this.#writing = new Writing({ session, storage, sent });
    this.#mode = new ComposerMode({ form, cancel: () => this.#cancel() });
    this.#lastSaid = new LastSaid({ session, found: (message) => this.edit(message) });
    // It submits no form: before this is there, that would load the page anew, without the words.
    part(form, "send").addEventListener("click", () => this.#clicked());
    this.#field.addEventListener("keydown", (event) => this.#pressed(event));
    this.#field.addEventListener("input", () => this.#typed());
    this.#field.addEventListener("focus", () => this.#showWriting());
    this.#field.addEventListener("blur", () => {
      this.#lastSaid.forget();
      afterPress(() => this.#showWriting());
    });
    // Whoever was quick has written before this was there.
    this.#writing.add(this.#field.value);
    this.#writing.on("change", () => this.#draw());
    session.on("room", () => hasFinePointer() && this.focus());
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
    if (isBlank(this.#field.value)) this.#writing.write(words);
    this.focus();
  }

  /** Puts something at the caret. */
  insert(text) {
    const { selectionStart, selectionEnd } = this.#field;
    this.focus();
    this.#field.setRangeText(text, selectionStart, selectionEnd, "end");
    this.#typed();
  }

  /** Somebody looks at this page again. */
  lookAgain() {
    this.#writing.lookAgain();
  }

  /** Keeps in the browser what was typed up to now. */
  keep() {
    this.#writing.keep();
  }

  /** The next message answers this one. */
  reply(message) {
    this.#writing.reply(message);
    this.focus();
  }

  /** Changes a message of one's own; what was being written comes back afterwards. */
  edit(message) {
    this.#writing.edit(message);
    this.focus();
    this.#field.setSelectionRange(this.#field.value.length, this.#field.value.length);
  }

  /** A message that is there already is being changed. */
  get editing() {
    return this.#writing.draft.edit !== null;
  }

  /** These Uploads go with new messages. */
  useFiles(uploads) {
    this.#writing.useFiles(uploads);
  }

  /** On a phone the field grows and shrinks by this, and everything over it moves. */
  #showWriting() {
    flag(this.#form, "writing", document.activeElement === this.#field);
  }

  #pressed(event) {
    this.#lastSaid.forget();
    if (event.isComposing || event.keyCode === COMPOSING_KEY_CODE) return;
    if (event.key === "Enter" && !event.shiftKey) this.#writing.send();
    else if (event.key === "ArrowUp" && this.#mayEditLast(event)) this.#lastSaid.seek();
    else if (event.key !== "Escape" || !this.#cancel()) return;
    event.preventDefault();
    event.stopPropagation();
  }

  #mayEditLast({ shiftKey, altKey, ctrlKey, metaKey }) {
    return this.#field.value === "" && !this.editing && !(shiftKey || altKey || ctrlKey || metaKey);
  }

  #cancel() {
    const cancelled = this.#writing.cancel();
    if (cancelled) this.focus();
    return cancelled;
  }

  #clicked() {
    this.#writing.send();
    this.focus();
  }

  #typed() {
    this.#lastSaid.forget();
    this.#writing.typed(this.#field.value);
  }

  #changePerson() {
    this.#field.disabled = this.#session.me === null;
    this.#draw();
  }

  #draw() {
    const { text, draft } = this.#writing;
    if (this.#field.value !== text) this.#field.value = text;
    this.#mode.draw(draft);
    this.#address();
    this.#refresh();
  }

  #address() {
    const room = this.#session.rooms.get(this.#session.room);
    if (!room) return;
    const words = this.editing ? "Edit your message" : `Write to ${addresseeOf(room, this.#session.me)}`;
    this.#field.placeholder = words;
    setText(part(this.#form, "label"), words);
  }

  #refresh() {
    const { left, problem, saving, sendable, wordsOfFiles } = this.#writing;
    this.#field.readOnly = saving;
    part(this.#form, "send").setAttribute("aria-disabled", String(!sendable));
    flag(this.#form, "over", left < 0);
    flag(this.#hint, "over", left < 0 || problem !== "");
    this.#words.classList.toggle("dock__keys", left > TELL_FROM && !problem && !wordsOfFiles);
    setText(this.#words, problem || (left > TELL_FROM && wordsOfFiles) || this.#hintFor(left));
    this.#grow();
  }

  #hintFor(left) {
    if (left < 0) return `${count(-left, "character")} too many, at most ${this.#limit.toLocaleString()}`;
    if (left <= TELL_FROM) return `${count(left, "character")} left`;
    if (this.#writing.saving) return "Saving";
    if (this.editing) return "Enter saves, Esc cancels";
    return "Enter sends, Shift + Enter starts a new line";
  }

  get #limit() {
    return this.#session.limits.body_characters;
  }

  /** Where the browser does not size the field by its content. */
  #grow() {
    if (CSS.supports("field-sizing", "content")) return;
    this.#field.style.blockSize = "auto";
    this.#field.style.blockSize = `${this.#field.scrollHeight}px`;
  }
}
