/** How a person looks: the same rules as in templatetags/chat.py, held together by a shared test. */

const HUES = Object.freeze([20, 55, 95, 150, 195, 235, 285, 335]);
export const OWN_HUE = 220;

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** FNV-1a over the UTF-8 of the name as it is compared, so that case and width do not change a colour. */
export function hueOf(name) {
  let hash = FNV_OFFSET;
  for (const byte of new TextEncoder().encode(name.normalize("NFKC").toLowerCase())) {
    hash = Math.imul(hash ^ byte, FNV_PRIME) >>> 0;
  }
  return HUES[((hash ^ (hash >>> 16)) >>> 0) % HUES.length];
}

/** The first two letters, or those of the first two words. */
export function initialsOf(name, most = 2) {
  const words = name.trim().split(/\s+/u);
  const first = [...graphemes.segment(words[0])].map(({ segment }) => segment);
  if (most === 1 || words.length === 1) return first.slice(0, most).join("");
  const [second] = graphemes.segment(words[1]);
  return first[0] + second.segment;
}
