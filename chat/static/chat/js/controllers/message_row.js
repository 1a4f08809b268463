import { fullTime, isoTime, shortTime } from "chat/dates.js";
import { part, setText, show } from "chat/dom.js";
import { Unsent } from "chat/models/outbox.js";
import { hueOf, initialsOf, OWN_HUE } from "chat/people.js";
import { ErrorCode } from "chat/protocol.js";
import { count } from "chat/text.js";

const REFUSALS = Object.freeze({
  [ErrorCode.TOO_LONG]: "Not sent: it is too long",
  [ErrorCode.EMPTY]: "Not sent: there is nothing in it",
  [ErrorCode.INVALID]: "Not sent: it has characters that cannot be sent",
  [ErrorCode.FORBIDDEN]: "Not sent: you may not write here",
  [ErrorCode.NOT_FOUND]: "Not sent: the channel is gone",
  [ErrorCode.EXPIRED]: "Not sent, and written a while ago",
});

const ICONS = Object.freeze({ failed: "#icon-alert", pending: "#icon-clock" });

/** The state as the page shows it: stored, pending or failed. */
export function shownState(state) {
  if (state === Unsent.WAITING || state === Unsent.SENDING) return "pending";
  return state === Unsent.FAILED ? "failed" : "stored";
}

/** Fills the one markup of a message. `note` is what stands under it, if anything. */
export function fillMessage(element, row, { me, note }) {
  const { message, own, start, end } = row;
  const state = shownState(row.state);
  element.classList.toggle("message--own", own);
  Object.assign(element.dataset, { key: row.key, state, start, end });
  setNumbers(element, message);
  fillPerson(element, message.author, own, row.nameNow);
  fillTimes(element, message.ts);
  setText(part(element, "body"), message.body);
  show(part(element, "edited"), Boolean(message.edited_at));
  fillReactions(part(element, "reactions"), message.reactions ?? [], me);
  fillNote(element, state, row.error, note);
}

function setNumbers(element, { id, seq, n, cid }) {
  for (const [name, value] of Object.entries({ id, seq, n, cid })) {
    if (value === null || value === undefined) delete element.dataset[name];
    else element.dataset[name] = value;
  }
}

function fillPerson(element, { name }, own, nameNow) {
  const hue = own ? OWN_HUE : hueOf(name);
  const author = part(element, "author");
  const avatar = part(element, "avatar");
  author.dataset.hue = avatar.dataset.hue = hue;
  setText(author, name);
  setText(avatar, initialsOf(name));
  const now = part(element, "now");
  show(now, nameNow !== null);
  setText(now.querySelector("bdi"), nameNow ?? "");
}

function fillTimes(element, ts) {
  const time = part(element, "time");
  time.dateTime = part(element, "when").dateTime = isoTime(ts);
  for (const one of [time, part(element, "when")]) {
    one.title = fullTime(ts);
    setText(one, shortTime(ts));
  }
}

function fillReactions(list, reactions, me) {
  show(list, reactions.length > 0);
  list.replaceChildren(...reactions.map((reaction) => reactionItem(reaction, me)));
}

function reactionItem({ emoji, count: number, by }, me) {
  const item = document.createElement("li");
  item.className = "reaction";
  item.toggleAttribute("data-own", by.includes(me?.id));
  const symbol = document.createElement("span");
  symbol.className = "reaction__emoji";
  symbol.textContent = emoji;
  const counter = document.createElement("span");
  counter.className = "reaction__count";
  counter.textContent = number;
  item.append(symbol, " ", counter);
  return item;
}

function fillNote(element, state, error, note) {
  const box = part(element, "note");
  const failed = state === "failed";
  show(box, failed || Boolean(note));
  if (box.hidden) return;
  box.querySelector("use").setAttribute("href", ICONS[failed ? "failed" : "pending"]);
  setText(part(box, "note-words"), failed ? (REFUSALS[error] ?? "Not sent") : note.words);
  box.toggleAttribute("data-late", !failed && note.late);
  show(part(box, "retry"), failed);
  show(part(box, "discard"), failed);
}

/** What stands under the last of the messages that are on their way. */
export function noteFor(waiting, connected) {
  if (connected) return { words: "Sending", late: true };
  return { words: `${count(waiting, "waiting", "waiting")}, sent when you are back`, late: false };
}
