import { fillKind } from "chat/controllers/attachments.js";
import { clone, part, setText, show } from "chat/dom.js";
import { sizeWords } from "chat/files.js";
import { Uploads, UploadState } from "chat/models/uploads.js";
import { count } from "chat/text.js";
import { removeUpload, upload } from "chat/upload.js";

const PREVIEWED = ["image/png", "image/jpeg", "image/gif", "image/webp"];

/** The files of the message that is being written, over its text. */
export class UploadsController {
  #tray;
  #template;
  #session;
  #composer;
  #say;
  #uploads;
  #tiles = new Map();
  #wasBusy = false;

  constructor({ tray, template, session, composer, url, types, say }) {
    this.#tray = tray;
    this.#template = template;
    this.#session = session;
    this.#composer = composer;
    this.#say = say;
    this.#uploads = new Uploads({
      send: (what) => upload(url, what),
      remove: (attachment) => removeUpload(url, attachment),
      limits: () => session.limits,
      types,
    });
    this.#uploads.on("change", () => this.#draw());
    session.on("room", () => this.#draw());
    session.on("me", () => session.me === null && this.#uploads.clear());
    tray.addEventListener("click", (event) => this.#clicked(event));
    composer.useFiles(this.#uploads);
  }

  add(files) {
    this.#uploads.add(this.#session.room, files);
  }

  #clicked({ target }) {
    const key = target.closest("[data-key]")?.dataset.key;
    const pressed = target.closest("button")?.dataset.part;
    if (pressed === "cancel") this.#uploads.cancel(key);
    if (pressed === "retry") this.#uploads.retry(key);
    // The button that was pressed is gone.
    if (pressed && !document.activeElement?.closest("[data-tray]")) this.#composer.focus();
  }

  #draw() {
    const { room } = this.#session;
    const entries = this.#uploads.of(room);
    const problems = this.#uploads.problemsOf(room);
    for (const [key, tile] of this.#tiles) {
      if (!entries.some((entry) => entry.key === key)) this.#remove(key, tile);
    }
    const list = part(this.#tray, "tray");
    for (const entry of entries) fillTile(this.#tileOf(entry, list), entry);
    part(this.#tray, "tray-problems").replaceChildren(...problems.map(asItem));
    show(this.#tray, entries.length + problems.length > 0);
    this.#tell(room, entries);
  }

  #tileOf(entry, list) {
    const known = this.#tiles.get(entry.key);
    if (known) return known;
    const tile = clone(this.#template);
    const { name, type } = entry.file;
    tile.dataset.key = entry.key;
    setText(part(tile, "file-name"), name);
    part(tile, "cancel").setAttribute("aria-label", `Do not attach ${name}`);
    part(tile, "retry").setAttribute("aria-label", `Try again with ${name}`);
    part(tile, "bar").setAttribute("aria-label", name);
    fillKind(part(tile, "kind"), name);
    if (PREVIEWED.includes(type)) preview(tile, entry.file);
    this.#tiles.set(entry.key, tile);
    list.append(tile);
    return tile;
  }

  #remove(key, tile) {
    const { src } = part(tile, "preview");
    if (src) URL.revokeObjectURL(src);
    tile.remove();
    this.#tiles.delete(key);
  }

  /** For who does not see the bars: once, when all have come. */
  #tell(room, entries) {
    const busy = this.#uploads.busy(room);
    if (this.#wasBusy && !busy && entries.length) {
      const failed = entries.filter(({ state }) => state === UploadState.FAILED).length;
      this.#say(failed ? `${count(failed, "file")} not uploaded` : `${count(entries.length, "file")} ready`);
    }
    this.#wasBusy = busy;
  }
}

/** The picture in place of the letters; not of a file that is only called one. */
function preview(tile, file) {
  const [image, kind] = [part(tile, "preview"), part(tile, "kind")];
  const choose = (pictured) => {
    show(image, pictured);
    show(kind, !pictured);
  };
  image.addEventListener("error", () => choose(false));
  image.src = URL.createObjectURL(file);
  choose(true);
}

function fillTile(tile, entry) {
  const { state, part: done } = entry;
  const toSee = state === UploadState.FAILED && tile.dataset.state !== state;
  tile.dataset.state = state;
  setText(part(tile, "status"), statusOf(entry));
  const bar = part(tile, "bar");
  bar.value = done;
  const mark = { done: "#icon-check", failed: "#icon-alert" }[state];
  show(part(tile, "mark"), Boolean(mark));
  if (mark) part(tile, "mark-icon").setAttribute("href", mark);
  show(bar, state === UploadState.QUEUED || state === UploadState.SENDING);
  show(part(tile, "retry"), state === UploadState.FAILED);
  if (toSee) tile.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function statusOf({ state, part: done, problem, file: { size } }) {
  switch (state) {
    case UploadState.QUEUED:
      return "Waiting for its turn";
    case UploadState.FAILED:
      return problem;
    case UploadState.DONE:
      return `Ready, ${sizeWords(size)}`;
    default:
      // All of it is sent, and the server looks at it.
      return done === 1 ? "Almost there" : `${sizeWords(Math.round(done * size))} of ${sizeWords(size)}`;
  }
}

function asItem(words) {
  const item = document.createElement("li");
  item.textContent = words;
  return item;
}
