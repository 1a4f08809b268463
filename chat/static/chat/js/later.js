// Not the focus: the page itself gives it, to the field of a name before anything else.
const USES = ["pointerover", "pointerdown", "keydown"];

/**
 * Code that the first look at the page does not need. It is fetched when somebody begins to use the page,
 * at the latest when it is asked for.
 */
export class Later {
  #failed;
  #styles;
  #fetches = new Set();
  #owed = new Map();
  #target = null;
  #inUse = false;

  /** `styles()` resolves when the looks of it all are there; `failed()` is called when something that is
      asked for cannot be fetched. */
  constructor({ styles, failed }) {
    this.#styles = styles;
    this.#failed = failed;
  }

  /**
   * `load()` fetches and makes something, once. Returns the function that uses it: `use(then)` calls
   * `then` with what was made, as soon as it is there.
   */
  add(load) {
    let making = null;
    const fetch = () => {
      making ??= this.#make(load).catch((error) => {
        making = null;
        throw error;
      });
      return making;
    };
    this.#fetches.add(fetch);
    return (then) => this.#use(fetch, then, !this.#inUse);
  }

  /** What the page itself asked for is owed to it, and done when it comes; a person asks again. */
  #use(fetch, then, owed) {
    return fetch().then(then, () => {
      if (owed) this.#owed.set(fetch, () => this.#use(fetch, then, owed));
      if (owed && this.#inUse) this.#listen();
      this.#failed();
    });
  }

  async #make(load) {
    const [made] = await Promise.all([load(), this.#styles()]);
    return made;
  }

  /** Begins to listen for the first use of the page. */
  fetchWhenUsed(target) {
    this.#target = target;
    this.#listen();
  }

  /** There is a connection again: what did not get through ahead of its use may now. */
  fetchAgain() {
    if (this.#inUse) this.#fetchAhead();
  }

  #listen() {
    for (const event of USES) this.#target.addEventListener(event, this.#used, { passive: true });
  }

  #used = () => {
    for (const event of USES) this.#target.removeEventListener(event, this.#used);
    this.#inUse = true;
    this.#fetchAhead();
  };

  /** What does not get through is tried again when it is asked for. */
  #fetchAhead() {
    const owed = [...this.#owed.values()];
    this.#owed.clear();
    for (const again of owed) again();
    for (const fetch of this.#fetches) fetch().catch(() => {});
  }
}
