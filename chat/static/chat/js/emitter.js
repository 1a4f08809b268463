/** Named events with plain listeners, without the DOM: a listener that throws fails its caller loudly. */
export class Emitter {
  #listeners = new Map();

  /** Returns the function that takes the listener away again. */
  on(name, listener) {
    if (!this.#listeners.has(name)) this.#listeners.set(name, new Set());
    this.#listeners.get(name).add(listener);
    return () => this.#listeners.get(name).delete(listener);
  }

  emit(name, detail) {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) listener(detail);
  }
}
