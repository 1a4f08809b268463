import { copy } from "chat/controllers/copy.js";
import { part } from "chat/dom.js";

/** What somebody does with a message, from wherever they asked for it. */
export class DeedsController {
  #session;
  #messages;
  #composer;
  #menu;
  #picker;
  #say;
  #deeds;

  /** `say(words)` tells those who hear the page. */
  constructor({ session, messages, composer, menu, picker, say }) {
    this.#session = session;
    this.#messages = messages;
    this.#composer = composer;
    this.#menu = menu;
    this.#picker = picker;
    this.#say = say;
    this.#deeds = {
      menu: (deed) => this.#open(deed),
      react: (deed) => this.#choose(deed),
      quick: ({ message, emoji }) => session.changes.react(message, emoji),
      reply: ({ message }) => composer.reply(message),
      copy: ({ message }) => this.#copy(message),
      edit: ({ message, own }) => own && composer.edit(message),
      delete: ({ message, own, row }) => own && this.#delete(message, row),
    };
    messages.on("act", (deed) => this.#do(deed));
    messages.on("leave", () => composer.focus());
  }

  #do({ name, row, ...deed }) {
    const { me, changes, timeline } = this.#session;
    const message = timeline.find(row.dataset.id);
    if (!message || !me || changes.leavingOf(message.id)) return;
    this.#deeds[name]({ ...deed, row, message, own: message.author.id === me.id });
  }

  #open(deed) {
    this.#menu.open(deed.anchor, deed, (name, { symbol }) => {
      this.#deeds[name]({ ...deed, emoji: symbol });
    });
  }

  #choose({ anchor, message }) {
    this.#picker.open(anchor, (emoji) => this.#session.changes.react(message, emoji));
  }

  async #copy({ body }) {
    this.#say((await copy(body)) ? "Copied" : "This browser does not let the page copy.");
  }

  /** The focus stays in the row, on the way back. */
  #delete(message, row) {
    this.#session.changes.delete(message);
    requestAnimationFrame(() => {
      const undo = part(row, "undo");
      if (row.isConnected && undo.checkVisibility()) undo.focus();
      else this.#messages.focus();
    });
  }
}
