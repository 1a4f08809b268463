import { copy } from "chat/controllers/copy.js";
import { part } from "chat/dom.js";

/** What somebody does with a message, from wherever they asked for it. */
export class DeedsController {
  #session;
  #messages;
  #composer;
  #popups;
  #say;
  #deeds;

  /**
   * `popups` has the menu and the picker; `say(words)` says something for a moment; `openCard(person, anchor)`
   * shows who somebody is.
   */
  constructor({ session, messages, composer, popups, say, openCard }) {
    this.#session = session;
    this.#messages = messages;
    this.#composer = composer;
    this.#popups = popups;
    this.#say = say;
    this.#deeds = {
      menu: (deed) => this.#open(deed),
      react: (deed) => this.#choose(deed),
      quick: ({ message, emoji }) => session.changes.react(message, emoji),
      reply: ({ message }) => composer.reply(message),
      person: ({ message, anchor }) => openCard(message.author, anchor),
      copy: ({ message }) => this.#copy(message),
      edit: ({ message, own }) => (own ? composer.edit(message) : say("That message is not yours")),
      delete: ({ message, own, row }) =>
        own ? this.#delete(message, row) : say("That message is not yours"),
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
    const act = (name, { symbol }) => this.#deeds[name]({ ...deed, emoji: symbol });
    this.#popups.menu.open(deed.anchor, deed, act);
  }

  #choose({ anchor, message }) {
    const react = (emoji) => this.#session.changes.react(message, emoji);
    this.#popups.picker.open(anchor, react);
  }

  async #copy({ body }) {
    if (!body) this.#say("There are no words in it");
    else this.#say((await copy(body)) ? "Copied" : "The browser does not let this page copy");
  }

  /** The focus stays in the row, on the way back. */
  #delete(message, row) {
    this.#session.changes.delete(message);
    requestAnimationFrame(() => {
      const undo = part(row, "undo");
      if (row.isConnected && undo) undo.focus();
      else this.#messages.focus();
    });
  }
}
