/** What the message field has to know of the files that go with a new message. Empty until there are any. */
export class ComposerFiles {
  #uploads = null;

  /** Sent as soon as its files are there. */
  armed = false;

  /** `uploads` as models/uploads.js has them; `changed()` is called after each change. */
  use(uploads, changed) {
    this.#uploads = uploads;
    uploads.on("change", changed);
  }

  any(room) {
    return (this.#uploads?.of(room).length ?? 0) > 0;
  }

  busy(room) {
    return this.#uploads?.busy(room) ?? false;
  }

  failed(room) {
    return this.#uploads?.failed(room) ?? false;
  }

  /** The attachments of the message that is sent now. */
  take(room) {
    return this.#uploads?.take(room) ?? [];
  }

  words(room) {
    if (this.failed(room)) return "Try it again or remove it";
    return this.armed ? "Sent as soon as the files are there" : "";
  }
}
