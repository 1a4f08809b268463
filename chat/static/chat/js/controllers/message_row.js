import { fillReactions } from "chat/controllers/reactions.js";
import { fullTime, isoTime, shortTime } from "chat/dates.js";
import { part, setText, show } from "chat/dom.js";
import { Leaving } from "chat/models/deletions.js";
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

const GOING = Object.freeze({
  [Leaving.UNDOABLE]: "Message deleted.",
  [Leaving.WAITING]: "Message deleted as soon as you are back.",
  [Leaving.SENDING]: "Message deleted.",
  [Leaving.DONE]: "Message deleted.",
});

/** Fills the one markup of a message. `note` is what stands under it, if anything. */
export function fillMessage(element, row, { note, chip }) {
  const { message, own, start, end } = row;
  const state = shownState(row.state);
  element.classList.toggle("message--own", own);
  Object.assign(element.dataset, { key: row.key, state, start, end });
  setNumbers(element, message);
  fillPerson(element, message.author, own, row.nameNow);
  fillTimes(element, message);
  fillQuote(part(element, "quote"), message.reply_to);
  setText(part(element, "body"), message.body);
  fillReactions(part(element, "reactions"), row.reactions, chip);
  fillGone(element, row.leaving);
  fillNote(element, state, row, note);
}

function setNumbers(element, { id, seq, n, cid }) {
  for (const [name, value] of Object.entries({ id, seq, n, cid })) {
    if (value === null || value === undefined) delete element.dataset[name];
    else element.dataset[name] = value;
  }
  if (id) element.id = `m-${id}`;
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

function fillTimes(element, { ts, edited_at: editedAt }) {
  const time = part(element, "time");
  time.dateTime = part(element, "when").dateTime = isoTime(ts);
  for (const one of [time, part(element, "when")]) {
    one.title = fullTime(ts);
    setText(one, shortTime(ts));
  }
  const edited = part(element, "edited");
  show(edited, Boolean(editedAt));
  if (editedAt) edited.title = fullTime(editedAt);
}

function fillQuote(link, quote) {
  show(link, Boolean(quote));
  if (!quote) return;
  link.setAttribute("href", `#m-${quote.id}`);
  setText(part(link, "quote-author"), quote.author.name);
  setText(part(link, "quote-words"), quote.excerpt);
}

/** A message that is being deleted: a line in its place, with the way back as long as there is one. */
function fillGone(element, leaving) {
  element.toggleAttribute("data-leaving", Boolean(leaving));
  show(part(element, "gone"), Boolean(leaving));
  setText(part(element, "gone-words"), GOING[leaving] ?? "");
  const undo = part(element, "undo");
  const possible = leaving === Leaving.UNDOABLE || leaving === Leaving.WAITING;
  if (undo === document.activeElement && !possible) element.focus();
  show(undo, possible);
}

function fillNote(element, state, { error, problem }, note) {
  const box = part(element, "note");
  const failed = state === "failed";
  const broken = failed || Boolean(problem);
  show(box, broken || Boolean(note));
  box.toggleAttribute("data-broken", broken);
  if (box.hidden) return;
  box.querySelector("use").setAttribute("href", ICONS[broken ? "failed" : "pending"]);
  const refusal = failed ? (REFUSALS[error] ?? "Not sent") : problem;
  setText(part(box, "note-words"), refusal ?? note.words);
  box.toggleAttribute("data-late", !broken && note.late);
  show(part(box, "retry"), failed);
  show(part(box, "discard"), failed);
}

/** What stands under the last of the messages that are on their way. */
export function noteFor(waiting, connected) {
  if (connected) return { words: "Sending", late: true };
  return { words: `${count(waiting, "waiting", "waiting")}, sent when you are back`, late: false };
}
