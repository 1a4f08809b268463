/** Who came, went or has another name: lines between the messages of a timeline. */

const MOST_ANNOUNCEMENTS = 40;

/** Announcements of one kind that follow each other this closely become one line. */
const JOINED_LINES_MS = 60_000;

const isAnnouncement = ({ kind }) => kind === "announcement";

let made = 0;

/** The same entries and, as the last of them, that `what` (joined, left or renamed) is what `people` did. */
export function withAnnouncement(entries, { what, people, ts, from }) {
  const last = entries.at(-1);
  if (last?.what === what && what !== "renamed" && ts - last.ts < JOINED_LINES_MS) {
    const known = new Set(last.people.map(({ id }) => id));
    const all = [...last.people, ...people.filter(({ id }) => !known.has(id))];
    return [...entries.slice(0, -1), { ...last, people: all }];
  }
  const key = `${what}:${people[0].id}:${ts}:${++made}`;
  return withoutOld([...entries, { kind: "announcement", key, what, people, ts, from }]);
}

function withoutOld(entries) {
  const announcements = entries.filter(isAnnouncement);
  if (announcements.length <= MOST_ANNOUNCEMENTS) return entries;
  return entries.filter((entry) => entry !== announcements[0]);
}
