import { CheckedField, checkWords } from "chat/controllers/checked_field.js";
import { part, setText } from "chat/dom.js";
import { getJson, postJson } from "chat/http.js";
import { lengthOf } from "chat/text.js";

/** A new channel: its name is checked while typed, and its address shown. */
export class ChannelDialogController {
  #dialog;
  #session;
  #urls;
  #topic;
  #field;
  #created;

  /** `created(channel)` is called with the new channel. */
  constructor({ dialog, session, urls, addressOf, created }) {
    this.#dialog = dialog;
    this.#session = session;
    this.#urls = urls;
    this.#created = created;
    this.#topic = dialog.querySelector("[name=topic]");
    const sentences = {
      slowly: "Checking that the name is free",
      free: ({ slug }) => `Free. Its address will be ${addressOf(slug)}`,
    };
    this.#field = new CheckedField({
      form: dialog.querySelector("form"),
      ask: (name, signal) =>
        getJson(`${urls.channels_check}?name=${encodeURIComponent(name)}`, { signal }),
      words: (check) => checkWords(check, sentences),
      submitted: (name) => this.#submit(name),
    });
    for (const way of ["cancel", "close"]) {
      part(dialog, way).addEventListener("click", () => dialog.close());
    }
    this.#topic.addEventListener("input", () => this.#measure());
  }

  open() {
    this.#topic.value = "";
    this.#measure();
    this.#dialog.showModal();
    this.#field.begin();
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
      const { channel } = await postJson(this.#urls.channels, { name, topic: this.#topic.value });
      this.#dialog.close();
      this.#session.rooms.upsert(channel);
      this.#created(channel);
    } catch (error) {
      this.#field.refused(error);
    }
  }
}
