/** How files look: the same rules as in templatetags/chat.py, held together by a shared test. */

const KIB = 1024;
const ROOM = Object.freeze({ width: 400, height: 300 });

/** So many of several pictures have a place of their own. */
export const PICTURES_SHOWN = 4;

/** Shown in place; everything else is only named. */
export const isPicture = ({ type, width, height }) => type.startsWith("image/") && Boolean(width && height);

/** Width and height of a picture in the page, in CSS pixels: its own, or as much as there is room for. */
export function shownSize({ width, height }) {
  const scale = Math.min(1, ROOM.width / width, ROOM.height / height);
  return [width, height].map((side) => Math.max(1, Math.round(side * scale)));
}

/** What stands on the tile of a file: its extension. */
export const kindWord = (name) => name.slice(name.lastIndexOf(".") + 1).toUpperCase().slice(0, 4);

/** Bytes for people: "10 MB", "1.4 MB", "300 KB", "12 bytes". */
export function sizeWords(count) {
  if (count < KIB) return `${count} bytes`;
  const [value, unit] = count < KIB * KIB ? [count / KIB, "KB"] : [count / KIB / KIB, "MB"];
  return `${value < 100 ? Number(value.toPrecision(2)) : Math.round(value)} ${unit}`;
}

/** A message in one line: its text, and what its files are called. */
export const said = ({ body, attachments = [] }) =>
  [body, ...attachments.map(({ name }) => name)].filter(Boolean).join(", ");
