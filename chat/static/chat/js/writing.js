import { reasonOf } from "chat/changes.js";
import { browserClock } from "chat/clock.js";
import { Emitter } from "chat/emitter.js";
import { Drafts, quoteOf } from "chat/models/drafts.js";
import { MessageFiles } from "chat/models/message_files.js";
import { ErrorCode } from "chat/protocol.js";
import { isBlank, lengthOf } from "chat/text.js";

/**
 * What this person writes, in each room, and what becomes of it: a new message leaves when it is whole, an edit
 * stays until the server has it. What is asked of it without a room is about the one that is shown. Emits `change`.
 */
export class Writing extends Emitter {
  #session;
  #sent;
  #drafts;
  #files = new MessageFiles();
  #saving = new Set();
  #problems = new Map();

  /** `sent()` is called when a message left the field of the room that is shown. */
  constructor({ session, storage, sent, clock = browserClock }) {
    super();
    this.#session = session;
    this.#sent = sent;
    this.#drafts = new Drafts({ storage, clock });
    this.#drafts.belongTo(session.me?.id ?? null);
    this.#drafts.on("change", () => this.emit("change"));
    session.on("room", () => this.#drafts.turnTo(session.room));
    session.on("me", () => this.#changePerson());
    session.on("removed", ({ channel }) => this.#lose(channel));
    for (const event of ["changes", "joined"]) session.on(event, () => this.#forgetGone());
  }

  /** What stands in the field. */
  get text() {
    return this.#drafts.textOf(this.#room);
  }

  /** `{replyTo, edit}`, as models/drafts.js has them. */
  get draft() {
    return this.#drafts.of(this.#room);
  }

  /** An edit is on its way to the server. */
  get saving() {
    return this.#saving.has(this.#room);
  }

  /** Why the last edit was not saved; empty when it was. */
  get problem() {
    return this.#problems.get(this.#room) ?? "";
  }

  /** How many characters may still be written. */
  get left() {
    return this.#leftIn(this.#room);
  }

  get sendable() {
    return this.#isSendable(this.#room);
  }

  /** What to say of the files of a new message, if anything. */
  get wordsOfFiles() {
    if (this.draft.edit) return "";
    if (this.#files.failed(this.#room)) return "Try it again or remove it";
    return this.#files.isAwaited(this.#room) ? "Sent as soon as the files are there" : "";
  }

  /** These Uploads go with new messages. */
  useFiles(uploads) {
    this.#files.use(uploads, () => this.#filesChanged());
  }

  typed(text) {
    this.write(text);
    if (!isBlank(text) && !this.draft.edit) this.#session.typed();
  }

  /** Words from elsewhere come after what is being written, unless they are that: put back by a browser. */
  add(words) {
    if (!isBlank(words) && words !== this.text) this.#drafts.add(this.#room, words);
  }

  /** Somebody looks at this page again: another tab may have gone on with what is kept, or sent it. */
  lookAgain() {
    this.#drafts.turnTo(this.#room);
  }

  /** Keeps in the browser what was typed up to now. */
  keep() {
    this.#drafts.keep();
  }

  /** Like typing, and others are not told of it. */
  write(text) {
    this.#problems.delete(this.#room);
    this.#files.awaitNoMore(this.#room);
    this.#drafts.typed(this.#room, text);
    this.emit("change");
  }

  /** The next message answers this one. */
  reply({ id, n, author, body, attachments }) {
    this.#drafts.reply(this.#room, { id, n, author, body: body || attachments[0]?.name || "" });
  }

  /** Changes a message of one's own; what was being written comes back afterwards. */
  edit({ id, n, body }) {
    if (this.saving) return;
    this.#problems.delete(this.#room);
    this.#files.awaitNoMore(this.#room);
    this.#drafts.edit(this.#room, { id, n, body });
  }

  /** Ends an edit, else the answering; false when there is neither. */
  cancel() {
    if (this.saving) return false;
    this.#problems.delete(this.#room);
    return this.#drafts.cancel(this.#room);
  }

  /** Sends what stands in the field, or saves it; later, when its files are not there yet. */
  send() {
    if (!this.sendable) return;
    const { edit } = this.draft;
    if (edit) {
      this.#save(edit);
    } else if (this.#files.busy(this.#room)) {
      this.#files.await(this.#room);
      this.emit("change");
    } else {
      this.#sendNew(this.#room);
    }
  }

  get #room() {
    return this.#session.room;
  }

  #leftIn(room) {
    return (this.#session.limits.body_characters ?? Infinity) - lengthOf(this.#drafts.textOf(room));
  }

  #isSendable(room) {
    const { edit } = this.#drafts.of(room);
    const says = !isBlank(this.#drafts.textOf(room)) || this.#hasFiles(room);
    const held = this.#saving.has(room) || (!edit && this.#files.failed(room));
    return this.#session.me !== null && says && this.#leftIn(room) >= 0 && !held;
  }

  /** Something to look at, where there are no words. */
  #hasFiles(room) {
    const { edit } = this.#drafts.of(room);
    return edit ? this.#session.timeline.find(edit.id)?.attachments.length > 0 : this.#files.any(room);
  }

  #sendNew(room) {
    this.#files.awaitNoMore(room);
    const { body, replyTo } = this.#drafts.of(room);
    const attachments = this.#files.take(room);
    const quote = replyTo ? quoteOf(replyTo) : undefined;
    this.#session.send(asSent(body), { room, quote, attachments });
    this.#drafts.sent(room);
    if (room === this.#room) this.#sent();
  }

  /** The words stay in the field until the server has them. */
  async #save({ id, before, body }) {
    const room = this.#room;
    const words = asSent(body);
    this.#problems.delete(room);
    this.#saving.add(room);
    this.emit("change");
    try {
      if (words !== before) await this.#session.changes.edit(room, id, words);
      if (this.#drafts.of(room).edit?.id === id) this.#drafts.cancel(room);
    } catch (error) {
      if (error.code === ErrorCode.NOT_FOUND) this.#drafts.keepWithout(room, (gone) => gone === id);
      this.#problems.set(room, `Not saved. ${reasonOf(error)}`);
    }
    this.#saving.delete(room);
    this.emit("change");
  }

  #filesChanged() {
    for (const room of this.#files.complete) {
      if (this.#isSendable(room)) this.#sendNew(room);
      else this.#files.awaitNoMore(room);
    }
    this.emit("change");
  }

  #changePerson() {
    const { me } = this.#session;
    if (me === null) this.#problems.clear();
    this.#drafts.belongTo(me?.id ?? null);
  }

  #lose({ room }) {
    this.#files.awaitNoMore(room);
    this.#drafts.forget(room);
  }

  /** A message that is being edited or answered was deleted, here or elsewhere. */
  #forgetGone() {
    const { timeline, changes } = this.#session;
    if (timeline.epoch === null) return;
    this.#drafts.keepWithout(this.#room, (id, n) => timeline.isGone(id, n) || changes?.leavingOf(id));
  }
}

const asSent = (text) => text.replaceAll("\r\n", "\n").trim();
