import { CheckedField, checkWords } from "chat/controllers/checked_field.js";
import { flag, onClosed, part, setText, show } from "chat/dom.js";
import { getJson, postJson } from "chat/http.js";

const WORDS = Object.freeze({
  first: {
    title: "What should people call you?",
    lead: "Everyone here sees this name. You can change it at any time.",
    submit: "Start chatting",
  },
  change: {
    title: "Change your name",
    lead: "Everyone here sees the new name at once. Older messages keep the one they were sent with.",
    submit: "Change name",
  },
});

/** The name: asked for on the first visit, where it cannot be dismissed; changed later. */
export class NameDialogController {
  #dialog;
  #session;
  #urls;
  #field;
  #named;
  #required = false;

  /** `named()` is called after a first name. */
  constructor({ dialog, session, urls, named }) {
    this.#dialog = dialog;
    this.#session = session;
    this.#urls = urls;
    this.#named = named;
    this.#field = new CheckedField({
      form: dialog.querySelector("form"),
      ask: (name, signal) => getJson(`${urls.name_check}?name=${encodeURIComponent(name)}`, { signal }),
      words: (check) => checkWords(check, SENTENCES),
      submitted: (name) => this.#submit(name),
    });
    part(dialog, "cancel").addEventListener("click", () => dialog.close());
    dialog.addEventListener("cancel", (event) => this.#required && event.preventDefault());
    onClosed(dialog, () => this.#required && this.ask());
  }

  /** Asks for a first name, until there is one. */
  ask() {
    this.#required = true;
    this.#open("first");
    this.#field.resume();
  }

  change() {
    this.#required = false;
    this.#open("change");
    this.#field.begin(this.#session.me.name);
  }

  #open(kind) {
    const words = WORDS[kind];
    for (const piece of ["title", "lead", "submit"]) setText(part(this.#dialog, piece), words[piece]);
    show(part(this.#dialog, "wordmark"), kind === "first");
    // Not there where accounts are the host's business.
    this.#dialog.querySelector('[data-part="account"]')?.toggleAttribute("hidden", kind !== "first");
    show(part(this.#dialog, "cancel"), kind !== "first");
    flag(this.#dialog, "first", kind === "first");
    this.#dialog.setAttribute("closedby", kind === "first" ? "none" : "any");
    // The server draws it open for the first paint; only a modal one holds the focus.
    this.#dialog.removeAttribute("open");
    this.#dialog.showModal();
  }

  async #submit(name) {
    this.#field.busy = true;
    try {
      const { me } = await postJson(this.#urls.name, { name });
      this.#accepted(me);
    } catch (error) {
      this.#field.refused(error);
    }
  }

  #accepted(me) {
    const first = this.#required;
    this.#required = false;
    this.#field.clear();
    this.#dialog.close();
    this.#session.identify(me);
    if (first) this.#named();
  }
}

const SENTENCES = Object.freeze({
  slowly: "Checking that the name is free",
  free: (_, name) => `${name} is free.`,
});
