import { hasAccount } from "chat/called.js";
import { CheckedField, checkWords } from "chat/controllers/checked_field.js";
import { part, setText, show } from "chat/dom.js";
import { getJson, postJson } from "chat/http.js";
import { lengthOf } from "chat/text.js";

/** A new channel: its name is checked while typed, and its address shown. */
export class ChannelDialogController {
  #dialog;
  #session;
  #urls;
  #topic;
  #who;
  #keeps;
  #field;
  #created;

  /** `created(channel)` is called with the new channel. */
  constructor({ dialog, session, urls, addressOf, created }) {
    this.#dialog = dialog;
    this.#session = session;
    this.#urls = urls;
    this.#created = created;
    this.#topic = dialog.querySelector("[name=topic]");
    this.#who = part(dialog, "who");
    this.#keeps = part(dialog, "keeps");
    const addressWords = (slug) => `Free. Its address will be ${addressOf({ kind: "channel", slug })}`;
    const sentences = {
      slowly: "Checking that the name is free",
      free: ({ slug }) => (slug ? addressWords(slug) : "Only those you invite will see it."),
    };
    this.#field = new CheckedField({
      form: dialog.querySelector("form"),
      ask: (name, signal) =>
        getJson(`${urls.channels_check}?${new URLSearchParams({ name, private: this.#private })}`, { signal }),
      words: (check) => checkWords(check, sentences),
      submitted: (name) => this.#submit(name),
    });
    for (const way of ["cancel", "close"]) {
      part(dialog, way).addEventListener("click", () => dialog.close());
    }
    this.#topic.addEventListener("input", () => this.#measure());
    this.#who.addEventListener("change", () => this.#field.askAgain());
  }

  open() {
    this.#topic.value = "";
    const { me, may } = this.#session;
    show(this.#who, hasAccount(me));
    show(this.#keeps, may.includes("keep_all"));
    this.#who.querySelector("input").checked = true;
    this.#keeps.querySelector("input").checked = false;
    this.#measure();
    this.#dialog.showModal();
    this.#field.begin();
  }

  /** "1", or "" for a channel that everybody sees. */
  get #private() {
    return this.#who.querySelector(":checked").value;
  }

  get #wanted() {
    const keeps = this.#keeps.querySelector("input");
    return { topic: this.#topic.value, private: this.#private, keeps: keeps.checked ? keeps.value : "" };
  }

  /** True when the topic is not too long. */
  #measure() {
    const limit = this.#session.limits.topic_characters;
    const fits = lengthOf(this.#topic.value) <= limit;
    const help = part(this.#dialog, "topic-help");
    setText(help, fits ? "" : `A topic has at most ${limit} characters.`);
    help.classList.toggle("field__help--refused", !fits);
    return fits;
  }

  async #submit(name) {
    if (!this.#measure()) {
      this.#topic.focus();
      return;
    }
    this.#field.busy = true;
    try {
      const { channel } = await postJson(this.#urls.channels, { name, ...this.#wanted });
      this.#dialog.close();
      this.#session.rooms.upsert(channel);
      this.#created(channel);
    } catch (error) {
      this.#field.refused(error);
    }
  }
}
