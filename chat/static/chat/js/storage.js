/**
 * localStorage that may be missing, full, or forbidden: then nothing is kept and nobody is disturbed.
 */
export class Storage {
  #area;
  #forgotten = null;

  constructor(area) {
    this.#area = area;
  }

  /** The browser's, or one that keeps nothing where the browser refuses. */
  static ofBrowser() {
    try {
      return new Storage(globalThis.localStorage ?? null);
    } catch {
      return new Storage(null);
    }
  }

  get(key) {
    try {
      return JSON.parse(this.#area?.getItem(key) ?? "null");
    } catch {
      return null;
    }
  }

  /** True when it was kept. */
  set(key, value) {
    try {
      if (!this.#area || (this.#forgotten && key.startsWith(this.#forgotten))) return false;
      this.#area.setItem(key, JSON.stringify(value));
      return true;
    } catch {
      return false;
    }
  }

  remove(key) {
    try {
      this.#area?.removeItem(key);
    } catch {
      // Forbidden to write is forbidden to keep: there is nothing to remove.
    }
  }

  /** Removes all that is kept for this person, and keeps nothing more of what this page still has of them. */
  forget(personId) {
    this.#forgotten = belongsTo(personId);
    for (const key of this.keys(this.#forgotten)) this.remove(key);
  }

  keys(prefix) {
    try {
      const all = Array.from({ length: this.#area?.length ?? 0 }, (_, at) => this.#area.key(at));
      return all.filter((key) => key.startsWith(prefix));
    } catch {
      return [];
    }
  }
}

/** Everything that this browser keeps for one person begins with this. */
export const belongsTo = (personId) => `chat:${personId}:`;
