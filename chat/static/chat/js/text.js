/** Pure questions about what somebody typed. */

const BLANK = /^[\s\p{Default_Ignorable_Code_Point}\u2800]*$/u;

/** White space and invisible characters only. */
export const isBlank = (text) => BLANK.test(text);

/** For finding: without accents and case. */
export const folded = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

/** Characters as the server counts them (code points, line ends as one, outer white space gone). */
export const lengthOf = (text) => [...text.replaceAll("\r\n", "\n").trim()].length;

/** "1 message", "3 messages", "1,204 messages". */
export function count(number, one, many = `${one}s`) {
  return `${number.toLocaleString()} ${number === 1 ? one : many}`;
}

/** A badge has room for two digits. */
export const capped = (number) => (number > 99 ? "99+" : String(number));

/** ["Ann", "Bo", "Cy"] → "Ann, Bo and Cy"; past `most` the rest is counted: "Ann, Bo and 3 others". */
export function listed(names, most = 3) {
  if (names.length === 1) return names[0];
  const shown = names.length > most ? names.slice(0, most - 1) : names.slice(0, -1);
  const rest = names.length - shown.length;
  return `${shown.join(", ")} and ${rest === 1 ? names.at(-1) : count(rest, "other")}`;
}
