import { clone, optional, part, setText, show } from "chat/dom.js";
import { isPicture, kindWord, PICTURES_SHOWN, shownSize, sizeWords } from "chat/files.js";

/** The files of a message: they never change, so what stands there stays. */
export function fillAttachments(element, files, { files: template, picture, document }) {
  const place = (box) => element.querySelector(".message__line").after(box);
  const box = optional(element, "files", files.length > 0, { template, place });
  if (!box || isDrawn(box, files)) return;
  const pictures = files.filter(isPicture);
  const more = pictures.length - PICTURES_SHOWN;
  fill(part(box, "pictures"), pictures.map((file, at) => pictureOf(file, at, more, picture)));
  fill(part(box, "documents"), files.filter((file) => !isPicture(file)).map((file) => documentOf(file, document)));
  part(box, "pictures").dataset.count = pictures.length;
}

function isDrawn(box, files) {
  const there = [...box.querySelectorAll("[data-file]")].map((one) => one.dataset.file);
  return there.length === files.length && files.every(({ id }) => there.includes(id));
}

function fill(list, items) {
  list.replaceChildren(...items);
  show(list, items.length > 0);
}

function pictureOf(file, at, more, template) {
  const item = clone(template);
  const link = item.querySelector("a");
  const image = item.querySelector("img");
  link.dataset.file = file.id;
  link.href = file.url;
  image.alt = file.name;
  // Its place is kept until it has come.
  [image.width, image.height] = shownSize(file);
  image.src = file.thumbnail ?? file.url;
  if (more > 0 && at === PICTURES_SHOWN - 1) item.dataset.more = `+${more}`;
  show(item, at < PICTURES_SHOWN);
  return item;
}

function documentOf(file, template) {
  const item = clone(template);
  const link = part(item, "download");
  fillKind(part(item, "kind"), file.name);
  setText(part(item, "file-name"), file.name);
  setText(part(item, "size"), sizeWords(file.size));
  link.dataset.file = file.id;
  link.href = file.url;
  link.download = file.name;
  link.setAttribute("aria-label", `Download ${file.name}`);
  return item;
}

/** The tile that says what kind of file it is. */
export function fillKind(tile, name) {
  tile.dataset.kind = kindWord(name);
  setText(tile, kindWord(name));
}
