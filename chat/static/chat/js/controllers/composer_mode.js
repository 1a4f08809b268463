import { part, setText, show } from "chat/dom.js";

/** The line over the field that says what is being written, when it is not a new message. */
export class ComposerMode {
  #form;
  #bar;

  /** `cancel()` is called by its button. */
  constructor({ form, cancel }) {
    this.#form = form;
    this.#bar = part(form, "mode");
    part(form, "mode-cancel").addEventListener("click", cancel);
  }

  draw({ edit, replyTo }) {
    const mode = edit ? "edit" : replyTo ? "reply" : "new";
    this.#form.dataset.mode = mode;
    show(this.#bar, mode !== "new");
    const { icon, title, words, cancel, send, sendIcon } = WORDS[mode]({ edit, replyTo });
    part(this.#form, "mode-icon").setAttribute("href", icon);
    setText(part(this.#form, "mode-title"), title);
    setText(part(this.#form, "mode-words"), words);
    part(this.#form, "mode-cancel").setAttribute("aria-label", cancel);
    part(this.#form, "send").setAttribute("aria-label", send);
    part(this.#form, "send-icon").setAttribute("href", sendIcon);
  }
}

const NEW = Object.freeze({
  icon: "#icon-reply",
  title: "",
  words: "",
  cancel: "Cancel",
  send: "Send",
  sendIcon: "#icon-send",
});

const WORDS = Object.freeze({
  new: () => NEW,
  reply: ({ replyTo }) => ({
    ...NEW,
    title: `Reply to ${replyTo.author.name}`,
    words: replyTo.body,
    cancel: "Do not reply to this message",
  }),
  edit: ({ edit }) => ({
    icon: "#icon-pencil",
    title: "Editing",
    words: edit.before,
    cancel: "Cancel editing",
    send: "Save",
    sendIcon: "#icon-check",
  }),
});
