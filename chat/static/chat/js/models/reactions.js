import { count, listed } from "chat/text.js";

/** So many are named; the rest is counted. */
const NAMED = 8;

/** These reactions as they are when this person has put that emoji there, or taken it away. */
export function withReaction(reactions, { emoji, by, on, count: number }) {
  const had = reactions.find((reaction) => reaction.emoji === emoji);
  const others = (had?.by ?? []).filter((id) => id !== by);
  const now = { emoji, count: number, by: on ? [...others, by] : others };
  if (!had) return number > 0 ? [...reactions, now] : reactions;
  return reactions.map((one) => (one === had ? now : one)).filter((one) => one.count > 0);
}

/** Whether this person is among those who put the emoji there. */
export const isMine = (reactions, emoji, me) =>
  reactions.some((reaction) => reaction.emoji === emoji && reaction.by.includes(me));

/**
 * Own reactions that the server has not confirmed yet, laid over what it has told: they show at once and
 * do not flicker while the answer and the event are on their way.
 */
export class PendingReactions {
  #wanted = new Map();

  /** Wants it so; returns the token for `stored` and `failed`. */
  want(id, emoji, on) {
    const token = { id, emoji, on, seq: Infinity };
    this.#wanted.set(keyOf(id, emoji), token);
    return token;
  }

  /** The server has it as event `seq`; without one it was so already. */
  stored(token, seq = 0) {
    token.seq = seq;
  }

  failed(token) {
    const key = keyOf(token.id, token.emoji);
    if (this.#wanted.get(key) === token) this.#wanted.delete(key);
  }

  /** The message's reactions with mine laid over; `seq` is how far its room is known. */
  over({ id, reactions = [] }, me, seq) {
    let shown = reactions;
    for (const token of [...this.#wanted.values()]) {
      if (token.id !== id) continue;
      if (token.seq <= seq) this.failed(token);
      else shown = wanting(shown, token, me);
    }
    return shown;
  }
}

const keyOf = (id, emoji) => `${id} ${emoji}`;

function wanting(reactions, { emoji, on }, me) {
  if (isMine(reactions, emoji, me) === on) return reactions;
  const had = reactions.find((reaction) => reaction.emoji === emoji)?.count ?? 0;
  return withReaction(reactions, { emoji, by: me, on, count: had + (on ? 1 : -1) });
}

/** "You, Tomoe and 2 others"; `nameOf(id)` is undefined for somebody who is not known here. */
export function whoReacted({ by, count: number }, me, nameOf) {
  const own = by.includes(me) ? ["You"] : [];
  const names = by.filter((id) => id !== me).map(nameOf).filter(Boolean);
  const named = [...own, ...names].slice(0, NAMED);
  const rest = number - named.length;
  if (rest <= 0) return listed(named, NAMED);
  if (named.length === 0) return count(rest, "person", "people");
  return `${named.join(", ")} and ${count(rest, "other")}`;
}
