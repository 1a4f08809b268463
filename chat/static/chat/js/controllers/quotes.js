import { Sought } from "chat/history.js";

const FLASH_MS = 1_200;

const WORDS = Object.freeze({
  [Sought.GONE]: "The message that this answers is not kept any more.",
  [Sought.FAR]: "The message that this answers is too far up to go there.",
  [Sought.LEFT]: "The message that this answers did not load. Try again in a moment.",
});

/** A quote leads to the message it is from, which lights up for a moment. */
export class QuotesController {
  #log;
  #session;
  #scroll;

  constructor({ log, session, scroll }) {
    this.#log = log;
    this.#session = session;
    this.#scroll = scroll;
    log.addEventListener("click", (event) => this.#clicked(event));
  }

  #clicked(event) {
    const quote = event.target.closest(".quote");
    if (!quote || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    this.#goTo(quote.hash.slice("#m-".length), quote.closest("[data-id]")?.dataset.id);
  }

  async #goTo(id, from) {
    const sought = await this.#session.seek(id);
    const row = this.#rowOf(id);
    if (row) this.#flash(row);
    else if (sought !== Sought.FOUND) this.#session.changes?.tell(from, WORDS[sought]);
  }

  #rowOf(id) {
    return this.#log.querySelector(`[data-id="${CSS.escape(id)}"]`);
  }

  #flash(row) {
    this.#scroll.toRow(row);
    row.removeAttribute("data-flash");
    // Read, so that a second flash begins anew.
    void row.offsetWidth;
    row.setAttribute("data-flash", "");
    setTimeout(() => row.removeAttribute("data-flash"), FLASH_MS);
  }
}
