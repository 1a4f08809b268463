const FLASH_MS = 1_200;

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
    const row = await this.#find(id);
    if (row) this.#flash(row);
    else this.#session.changes?.tell(from, "The message that this answers is not kept any more.");
  }

  /** Older messages are fetched until it is there, or there are none. */
  async #find(id) {
    const session = this.#session;
    let row = this.#rowOf(id);
    while (!row && session.timeline.more) {
      const before = session.timeline.oldest?.n;
      await session.older();
      row = this.#rowOf(id);
      if (session.timeline.oldest?.n === before) break;
    }
    return row;
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
