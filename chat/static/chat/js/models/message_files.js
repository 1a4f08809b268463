/** What has to be known of the files that go with the new message of each room. Empty until there are any. */
export class MessageFiles {
  #uploads = null;
  #awaited = new Set();

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

  /** The message of this room is sent as soon as its files are there. */
  await(room) {
    this.#awaited.add(room);
  }

  awaitNoMore(room) {
    this.#awaited.delete(room);
  }

  isAwaited(room) {
    return this.#awaited.has(room);
  }

  /** The rooms in which what was waited for is there. A file that failed is waited for until it is tried again. */
  get complete() {
    return [...this.#awaited].filter((room) => !this.busy(room) && !this.failed(room));
  }
}
