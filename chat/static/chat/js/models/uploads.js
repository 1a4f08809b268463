import { browserClock } from "chat/clock.js";
import { Emitter } from "chat/emitter.js";
import { sizeWords } from "chat/files.js";
import { ErrorCode } from "chat/protocol.js";
import { count } from "chat/text.js";

const AT_ONCE = 3;

/** Who has to wait for longer is told so. */
const MOST_REST_S = 90;

export const UploadState = Object.freeze({
  QUEUED: "queued",
  SENDING: "sending",
  DONE: "done",
  FAILED: "failed",
});

/**
 * Files on their way to the next message of each room, a few at once. What is too large, of another kind,
 * or too many is not taken, and words say why. Emits `change`.
 */
export class Uploads extends Emitter {
  #send;
  #remove;
  #limits;
  #types;
  #clock;
  #entries = [];
  #problems = new Map();
  #last = 0;
  #resting = null;

  /**
   * `send({room, file, progress})` returns `{done, abort()}`: `done` resolves with the attachment or rejects
   * with a ReplyError, `progress(part)` is told 0 to 1. `remove(attachment)` takes a pending one away.
   * `limits()` has `file_bytes` and `files_per_message`; `types` are extensions.
   */
  constructor({ send, remove, limits, types, clock = browserClock }) {
    super();
    this.#send = send;
    this.#remove = remove;
    this.#limits = limits;
    this.#types = types;
    this.#clock = clock;
  }

  /** `{key, room, file, state, part, problem, attachment}`, in the order of choosing. */
  of(room) {
    return this.#entries.filter((entry) => entry.room === room);
  }

  /** Why files were not taken: sentences, until the next are chosen. */
  problemsOf(room) {
    return this.#problems.get(room) ?? [];
  }

  /** Some are not there yet. */
  busy(room) {
    const { QUEUED, SENDING } = UploadState;
    return this.of(room).some(({ state }) => state === QUEUED || state === SENDING);
  }

  failed(room) {
    return this.of(room).some(({ state }) => state === UploadState.FAILED);
  }

  add(room, files) {
    const problems = [];
    for (const file of files) {
      const problem = this.#problemWith(room, file);
      if (problem) problems.push(`${file.name} was not attached. ${problem}`);
      else this.#entries.push(this.#entryOf(room, file));
    }
    this.#problems.set(room, problems);
    this.#changed();
  }

  /** Takes a file away again, wherever it is. */
  cancel(key) {
    const entry = this.#find(key);
    if (!entry) return;
    this.#entries = this.#entries.filter((one) => one !== entry);
    this.#problems.delete(entry.room);
    entry.abort?.();
    if (entry.attachment) this.#remove(entry.attachment);
    this.#changed();
  }

  retry(key) {
    const entry = this.#find(key);
    if (entry?.state !== UploadState.FAILED) return;
    Object.assign(entry, { state: UploadState.QUEUED, problem: "", part: 0 });
    this.#changed();
  }

  /** The attachments of the message that is sent now: they belong to that. */
  take(room) {
    const ready = this.of(room).filter(({ state }) => state === UploadState.DONE);
    this.#entries = this.#entries.filter((entry) => !ready.includes(entry));
    this.#problems.delete(room);
    this.emit("change");
    return ready.map(({ attachment }) => attachment);
  }

  /** Nobody is here any more. */
  clear() {
    for (const { abort } of this.#entries) abort?.();
    this.#entries = [];
    this.#problems.clear();
    this.#clock.clearTimeout(this.#resting);
    this.#resting = null;
    this.emit("change");
  }

  #find(key) {
    return this.#entries.find((entry) => entry.key === key);
  }

  #entryOf(room, file) {
    const key = `upload-${++this.#last}`;
    return { key, room, file, state: UploadState.QUEUED, part: 0, problem: "", attachment: null };
  }

  #problemWith(room, { name, size }) {
    const { file_bytes: bytes, files_per_message: most } = this.#limits();
    const extension = name.includes(".") ? name.slice(name.lastIndexOf(".") + 1).toLowerCase() : "";
    if (!this.#types.includes(extension)) return `Up to ${sizeWords(bytes)}: ${this.#types.join(", ")}.`;
    if (size > bytes) return `It is larger than ${sizeWords(bytes)}.`;
    if (size === 0) return "There is nothing in it.";
    if (this.of(room).length >= most) return `A message takes at most ${count(most, "file")}.`;
    return "";
  }

  #changed() {
    this.#next();
    this.emit("change");
  }

  #next() {
    if (this.#resting !== null) return;
    const under = this.#entries.filter(({ state }) => state === UploadState.SENDING).length;
    const waiting = this.#entries.filter(({ state }) => state === UploadState.QUEUED);
    for (const entry of waiting.slice(0, Math.max(0, AT_ONCE - under))) this.#begin(entry);
  }

  #begin(entry) {
    entry.state = UploadState.SENDING;
    const progress = (part) => {
      entry.part = part;
      this.emit("change");
    };
    const { done, abort } = this.#send({ room: entry.room, file: entry.file, progress });
    entry.abort = abort;
    done.then(
      (attachment) => this.#ended(entry, { state: UploadState.DONE, part: 1, attachment }),
      (error) => this.#missed(entry, error),
    );
  }

  #missed(entry, error) {
    const again = error.code === ErrorCode.RATE_LIMITED && (error.retryAfter ?? 0) <= MOST_REST_S;
    if (!again) {
      const problem = error.detail || "It did not get through.";
      this.#ended(entry, { state: UploadState.FAILED, problem });
      return;
    }
    // Too many in a short time: it is its turn again when the server says.
    this.#resting ??= this.#clock.setTimeout(() => {
      this.#resting = null;
      this.#changed();
    }, error.waitMs);
    this.#ended(entry, { state: UploadState.QUEUED, part: 0 });
  }

  #ended(entry, news) {
    entry.abort = null;
    // It was cancelled while the answer was on its way.
    if (!this.#entries.includes(entry)) {
      if (news.attachment) this.#remove(news.attachment);
      return;
    }
    Object.assign(entry, news);
    this.#changed();
  }
}
