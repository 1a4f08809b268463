import { addresseeOf } from "chat/called.js";
import { reasonOf } from "chat/changes.js";
import { ComposerFiles } from "chat/controllers/composer_files.js";
import { ComposerMode } from "chat/controllers/composer_mode.js";
import { flag, hasFinePointer, part, setText } from "chat/dom.js";
import { LastSaid } from "chat/last_said.js";
import { Drafts, quoteOf } from "chat/models/drafts.js";
import { afterPress } from "chat/press.js";
import { ErrorCode } from "chat/protocol.js";
import { count, isBlank, lengthOf } from "chat/text.js";

/** The counter appears when so few characters are left. */
const TELL_FROM = 200;

/** Browsers that do not know isComposing say it with this key code. */
const COMPOSING_KEY_CODE = 229;

/**
 * Writing: one draft a room, grown to eight lines, sent with Enter; a reply, or an edit of a message that
 * is there already, in the same field.
 */
export class ComposerController {
  #form;
  #field;
  #hint;
  #words;
  #session;
  #sent;
  #mode;
  #drafts = new Drafts();
  #saving = false;
  #problem = "";
  #files = new ComposerFiles();
  #lastSaid;

  /** `sent()` is called when a message left the field. */
  constructor({ form, hint, session, sent }) {
    this.#form = form;
    this.#field = form.querySelector("textarea");
    this.#hint = hint;
    this.#words = hint.firstElementChild;
    this.#session = session;
    this.#sent = sent;
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
    this.#drafts.on("change", () => this.#draw());
    session.on("room", () => this.#changeRoom());
    session.on("me", () => this.#changePerson());
    session.on("changes", () => this.#forgetGone());
    session.on("joined", () => this.#forgetGone());
    session.rooms.on("change", () => this.#address());
    session.on("connection", () => this.#refresh());
    // Whoever was quick has written before this was there.
    this.#drafts.typed(this.#room, this.#field.value);
    this.#changePerson();
  }

  focus() {
    this.#field.focus({ preventScroll: true });
  }

  /** Puts words where a message is written, unless there are some. */
  suggest(words) {
    if (isBlank(this.#field.value)) this.#write(words);
    this.focus();
  }

  /** Puts something at the caret. */
  insert(text) {
    const { selectionStart, selectionEnd } = this.#field;
    this.focus();
    this.#field.setRangeText(text, selectionStart, selectionEnd, "end");
    this.#typed();
  }

  /** The next message answers this one. */
  reply({ id, n, author, body, attachments }) {
    this.#drafts.reply(this.#room, { id, n, author, body: body || attachments[0]?.name || "" });
    this.focus();
  }

  /** Changes a message of one's own; what was being written comes back afterwards. */
  edit({ id, n, body }) {
    if (this.#saving) return;
    this.#problem = "";
    this.#files.armed = false;
    this.#drafts.edit(this.#room, { id, n, body });
    this.focus();
    this.#field.setSelectionRange(this.#field.value.length, this.#field.value.length);
  }

  /** A message that is there already is being changed. */
  get editing() {
    return this.#draft.edit !== null;
  }

  /** These Uploads go with new messages. */
  useFiles(uploads) {
    this.#files.use(uploads, () => {
      const complete = this.#files.armed && !this.#files.busy(this.#room);
      if (complete) this.#files.armed = false;
      if (complete) this.#send();
      this.#refresh();
    });
  }

  /** On a phone the field grows and shrinks by this, and everything over it moves. */
  #showWriting() {
    flag(this.#form, "writing", document.activeElement === this.#field);
  }

  get #room() {
    return this.#session.room;
  }

  get #draft() {
    return this.#drafts.of(this.#room);
  }

  #pressed(event) {
    this.#lastSaid.forget();
    if (event.isComposing || event.keyCode === COMPOSING_KEY_CODE) return;
    if (event.key === "Enter" && !event.shiftKey) this.#send();
    else if (event.key === "ArrowUp" && this.#mayEditLast(event)) this.#lastSaid.seek();
    else if (event.key !== "Escape" || !this.#cancel()) return;
    event.preventDefault();
    event.stopPropagation();
  }

  #mayEditLast({ shiftKey, altKey, ctrlKey, metaKey }) {
    return this.#field.value === "" && !this.#draft.edit && !(shiftKey || altKey || ctrlKey || metaKey);
  }

  #cancel() {
    if (this.#saving) return false;
    this.#problem = "";
    const cancelled = this.#drafts.cancel(this.#room);
    if (cancelled) this.focus();
    return cancelled;
  }

  #clicked() {
    this.#send();
    this.focus();
  }

  #send() {
    if (!this.#sendable) return;
    const body = this.#field.value.replaceAll("\r\n", "\n").trim();
    const { edit, replyTo } = this.#draft;
    if (edit) {
      this.#save(edit, body);
      return;
    }
    this.#files.armed = this.#files.busy(this.#room);
    if (this.#files.armed) {
      this.#refresh();
      return;
    }
    const attachments = this.#files.take(this.#room);
    this.#session.send(body, { quote: replyTo ? quoteOf(replyTo) : undefined, attachments });
    this.#drafts.sent(this.#room);
    this.#sent();
  }

  /** The words stay in the field until the server has them. */
  async #save({ id, before }, body) {
    const room = this.#room;
    this.#problem = "";
    this.#busy(true);
    try {
      if (body !== before) await this.#session.changes.edit(room, id, body);
      if (this.#drafts.of(room).edit?.id === id) this.#drafts.cancel(room);
    } catch (error) {
      if (error.code === ErrorCode.NOT_FOUND) this.#drafts.keepWithout(room, (gone) => gone === id);
      if (room === this.#room) this.#problem = `Not saved. ${reasonOf(error)}`;
    }
    this.#busy(false);
  }

  #busy(saving) {
    this.#saving = saving;
    this.#field.readOnly = saving;
    this.#refresh();
  }

  #typed() {
    this.#problem = "";
    this.#lastSaid.forget();
    this.#files.armed = false;
    this.#drafts.typed(this.#room, this.#field.value);
    this.#refresh();
    if (!isBlank(this.#field.value) && !this.#draft.edit) this.#session.typed();
  }

  #write(text) {
    this.#drafts.typed(this.#room, text);
    this.#draw();
  }

  get #limit() {
    return this.#session.limits.body_characters ?? Infinity;
  }

  get #sendable() {
    const { value } = this.#field;
    const fits = (!isBlank(value) || this.#hasFiles) && lengthOf(value) <= this.#limit;
    const failed = !this.editing && this.#files.failed(this.#room);
    return this.#session.me !== null && fits && !this.#saving && !failed;
  }

  /** Something to look at, where there are no words. */
  get #hasFiles() {
    const { edit } = this.#draft;
    return edit ? this.#session.timeline.find(edit.id)?.attachments.length > 0 : this.#files.any(this.#room);
  }

  #changeRoom() {
    this.#problem = "";
    this.#files.armed = false;
    this.#draw();
    this.#address();
    if (hasFinePointer()) this.focus();
  }

  #changePerson() {
    const { me } = this.#session;
    this.#field.disabled = me === null;
    if (me === null) this.#drafts.clear();
    this.#draw();
  }

  /** A message that is being edited or answered was deleted, here or elsewhere. */
  #forgetGone() {
    const { timeline, changes } = this.#session;
    if (timeline.epoch === null) return;
    this.#drafts.keepWithout(this.#room, (id, n) => timeline.isGone(id, n) || changes?.leavingOf(id));
  }

  #draw() {
    const text = this.#drafts.textOf(this.#room);
    if (this.#field.value !== text) this.#field.value = text;
    this.#mode.draw(this.#draft);
    this.#address();
    this.#refresh();
  }

  #address() {
    const room = this.#session.rooms.get(this.#room);
    if (!room) return;
    const words = this.#draft.edit ? "Edit your message" : `Write to ${addresseeOf(room, this.#session.me)}`;
    this.#field.placeholder = words;
    setText(part(this.#form, "label"), words);
  }

  #refresh() {
    const left = this.#limit - lengthOf(this.#field.value);
    const broken = left < 0 || this.#problem !== "";
    part(this.#form, "send").setAttribute("aria-disabled", String(!this.#sendable));
    flag(this.#form, "over", left < 0);
    flag(this.#hint, "over", broken);
    const aboutFiles = this.editing ? "" : this.#files.words(this.#room);
    this.#words.classList.toggle("dock__keys", left > TELL_FROM && !this.#problem && !aboutFiles);
    setText(this.#words, this.#problem || (left > TELL_FROM && aboutFiles) || this.#hintFor(left));
    this.#grow();
  }

  #hintFor(left) {
    if (left < 0) return `${count(-left, "character")} too many, at most ${this.#limit.toLocaleString()}`;
    if (left <= TELL_FROM) return `${count(left, "character")} left`;
    if (this.#saving) return "Saving";
    if (this.#draft.edit) return "Enter saves, Esc cancels";
    return "Enter sends, Shift + Enter starts a new line";
  }

  /** Where the browser does not size the field by its content. */
  #grow() {
    if (CSS.supports("field-sizing", "content")) return;
    this.#field.style.blockSize = "auto";
    this.#field.style.blockSize = `${this.#field.scrollHeight}px`;
  }
}
