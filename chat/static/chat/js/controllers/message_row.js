import { fillAttachments } from "chat/controllers/attachments.js";
import { fillReactions } from "chat/controllers/reactions.js";
import { fullTime, isoTime, shortTime } from "chat/dates.js";
import { optional, part, setText, show } from "chat/dom.js";
import { said } from "chat/files.js";
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
  [ErrorCode.NOT_FOUND]: "Not sent: the channel is gone, or a file is",
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

/**
 * Fills the one markup of a message. `note` is what stands under it, if anything; `templates` has what
 * only some messages have.
 */
export function fillMessage(element, row, { note, templates }) {
  const { message, own, start, end } = row;
  const state = shownState(row.state);
  element.classList.toggle("message--own", own);
  Object.assign(element.dataset, { key: row.key, state, start, end });
  setNumbers(element, message);
  fillPerson(element, message.author, own, row.nameNow);
  fillTimes(element, message);
  fillQuote(element, message.reply_to, templates.quote);
  setText(part(element, "body"), message.body);
  fillAttachments(element, message.attachments ?? [], templates);
  element.toggleAttribute("data-silent", !message.body && !message.reply_to);
  fillChips(element, row.reactions, templates);
  fillGone(element, row.leaving, templates.gone);
  fillNote(element, { state, row, note }, templates.note);
  if (element.hasAttribute("tabindex")) makeStop(element, true);
}

/** Of all messages one is a stop of the Tab key, and with it what is inside. */
export function makeStop(row, stop) {
  if (stop) {
    row.tabIndex = 0;
    row.setAttribute("aria-label", labelOf(row));
  } else {
    row.removeAttribute("tabindex");
    row.removeAttribute("aria-label");
  }
  for (const inner of row.querySelectorAll(".reaction, .quote, .files a")) inner.tabIndex = stop ? 0 : -1;
}

function labelOf(row) {
  const words = (name) => part(row, name).textContent;
  const files = [...row.querySelectorAll(".picture__image, .document__name")];
  const attachments = files.map((file) => ({ name: file.alt ?? file.textContent }));
  return `${words("author")}, ${words("time")}: ${said({ body: words("body"), attachments })}`;
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
  time.dateTime = isoTime(ts);
  for (const one of [time, part(element, "when")]) {
    one.title = fullTime(ts);
    setText(one, shortTime(ts));
  }
  const edited = part(element, "edited");
  show(edited, Boolean(editedAt));
  if (editedAt) edited.title = fullTime(editedAt);
}

function fillQuote(element, quote, template) {
  const place = (link) => part(element, "bubble").prepend(link);
  const link = optional(element, "quote", Boolean(quote), { template, place });
  if (!link) return;
  link.setAttribute("href", `#m-${quote.id}`);
  setText(part(link, "quote-author"), quote.author.name);
  setText(part(link, "quote-words"), quote.excerpt);
}

function fillChips(element, chips, { reactions: template, reaction }) {
  const known = part(element, "reactions");
  if (!chips.length && known?.contains(document.activeElement)) element.focus();
  const above = part(element, "files") ?? element.querySelector(".message__line");
  const place = (list) => above.after(list);
  const list = optional(element, "reactions", chips.length > 0, { template, place });
  if (list) fillReactions(list, chips, reaction);
}

/** A message that is being deleted: a line in its place, with the way back as long as there is one. */
function fillGone(element, leaving, template) {
  element.toggleAttribute("data-leaving", Boolean(leaving));
  const focused = part(element, "gone")?.contains(document.activeElement);
  const place = (gone) => element.append(gone);
  const gone = optional(element, "gone", Boolean(leaving), { template, place });
  const possible = leaving === Leaving.UNDOABLE || leaving === Leaving.WAITING;
  if (focused && !possible) element.focus();
  if (!gone) return;
  setText(part(gone, "gone-words"), GOING[leaving]);
  show(part(gone, "undo"), possible);
}

function fillNote(element, { state, row, note }, template) {
  const failed = state === "failed";
  const broken = failed || Boolean(row.problem);
  const place = (box) => element.append(box);
  const box = optional(element, "note", broken || Boolean(note), { template, place });
  if (!box) return;
  box.toggleAttribute("data-broken", broken);
  part(box, "note-icon").setAttribute("href", ICONS[broken ? "failed" : "pending"]);
  const refusal = failed ? (REFUSALS[row.error] ?? "Not sent") : row.problem;
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
