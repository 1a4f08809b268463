import { whoReacted } from "chat/models/reactions.js";

/** From what a room holds to the rows that stand in the page, top to bottom. Pure. */

/** One author's messages stand together until somebody waits this long. */
const GROUP_MS = 5 * 60_000;

/** Nobody changes anything. */
const UNCHANGED = Object.freeze({
  reactionsOf: (message) => message.reactions ?? [],
  leavingOf: () => undefined,
  problemOf: () => undefined,
});

/**
 * Rows `{key, kind, …}`: `day {ts}`, `news {count}`, `announcement {what, people, ts, from}` and
 * `message {message, own, start, end, state, nameNow, reactions, leaving, problem, revision, live}`.
 *
 * `entries` come from the timeline, `unsent` from the outbox: they stand last, in the order of writing, or before
 * the message of one's own that `above` names (cid by cid). `changes` lays over them what this person does to
 * them; `dayOf(ts)` names the reader's day, `nameOf(id)` a person.
 */
export function rowsOf({ entries, unsent = [], above, news = null, ...context }) {
  const { me, dayOf } = context;
  const rows = [];
  let day = null;
  let latest = -Infinity;
  let newsPlaced = false;
  for (const entry of withUnsent(entries, unsent.map((one) => asPending(one, me)), above)) {
    const ts = entry.message?.ts ?? entry.ts;
    // Clocks differ, ours and the server's: no day comes a second time.
    if (ts > latest && dayOf(ts) !== day) {
      day = dayOf(ts);
      rows.push({ key: `day:${day}`, kind: "day", ts });
    }
    latest = Math.max(latest, ts);
    if (news && !newsPlaced && entry.message?.n >= news.n) {
      newsPlaced = true;
      rows.push({ key: "news", kind: "news", count: news.count });
    }
    rows.push(entry.kind === "announcement" ? entry : asRow(entry, rows.at(-1), context));
  }
  return withEnds(rows);
}

/** What was written after something that was not sent keeps its place under it when it has come. */
function withUnsent(entries, unsent, above = new Map()) {
  const all = [...entries];
  for (const one of unsent) {
    const next = above.get(one.message.cid);
    const at = next ? all.findIndex(({ message }) => message?.cid === next) : -1;
    all.splice(at < 0 ? all.length : at, 0, one);
  }
  return all;
}

function asPending(unsent, me) {
  const { cid, body, ts, state, error, revision, quote, attachments } = unsent;
  const message = { id: null, cid, body, ts, author: me, attachments, reactions: [], reply_to: quote };
  return { kind: "message", message, state, error, revision, live: true };
}

function asRow(entry, above, { me, names = new Map(), changes = UNCHANGED, nameOf = () => undefined }) {
  const { message, revision, live } = entry;
  const { id } = message;
  const own = message.author.id === me?.id;
  const now = names.get(message.author.id);
  return {
    key: keyOf(message, own),
    kind: "message",
    message,
    own,
    start: !continues(above, message),
    end: true,
    state: entry.state ?? "stored",
    error: entry.error ?? null,
    nameNow: now && now !== message.author.name ? now : null,
    reactions: changes.reactionsOf(message).map((one) => asChip(one, me, nameOf)),
    leaving: changes.leavingOf(id),
    problem: changes.problemOf(id),
    revision,
    live,
  };
}

/** A message of one's own keeps its row from the moment it is written; ids come later. */
export const keyOf = ({ id, cid }, own) => (own ? `own:${cid}` : id);

function asChip(reaction, me, nameOf) {
  const { emoji, count, by } = reaction;
  return { emoji, count, own: by.includes(me?.id), who: whoReacted(reaction, me?.id, nameOf) };
}

function continues(above, message) {
  if (above?.kind !== "message") return false;
  const before = above.message;
  const sameName = before.author.id === message.author.id && before.author.name === message.author.name;
  return sameName && message.ts - before.ts < GROUP_MS;
}

function withEnds(rows) {
  rows.forEach((row, at) => {
    const next = rows[at + 1];
    if (row.kind === "message") row.end = !(next?.kind === "message" && !next.start);
  });
  return rows;
}
