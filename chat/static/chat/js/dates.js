/** Times in the reader's zone and language. */

const clockTime = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const exactTime = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
const dayOfYear = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const dayOfPast = new Intl.DateTimeFormat(undefined, { dateStyle: "full" });

const HALF_A_YEAR_MS = 183 * 24 * 60 * 60 * 1000;

export const shortTime = (ts) => clockTime.format(ts);
export const fullTime = (ts) => exactTime.format(ts);
export const isoTime = (ts) => new Date(ts).toISOString();

/** A key of the local day: two moments are on one day iff it is the same. */
export function dayOf(ts) {
  const date = new Date(ts);
  return `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`;
}

/** The first moment of the day after, where days may have 23 or 25 hours. */
export function nextMidnight(ts) {
  const date = new Date(ts);
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() + 1).getTime();
}

function dayBefore(ts) {
  const date = new Date(ts);
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() - 1).getTime();
}

/** "Today", "Yesterday", "Wednesday, 11 March", and with the year when that is far. */
export function dayWords(ts, now) {
  if (dayOf(ts) === dayOf(now)) return "Today";
  if (dayOf(ts) === dayOf(dayBefore(now))) return "Yesterday";
  return (Math.abs(now - ts) < HALF_A_YEAR_MS ? dayOfYear : dayOfPast).format(ts);
}
