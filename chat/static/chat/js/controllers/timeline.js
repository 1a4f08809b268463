import { fillMessage, noteFor, shownState } from "chat/controllers/message_row.js";
import { browserClock } from "chat/clock.js";
import { dayOf, dayWords, isoTime, fullTime, nextMidnight, shortTime } from "chat/dates.js";
import { clone, part, setText, strong } from "chat/dom.js";
import { followTimeline, onceForAll } from "chat/following.js";
import { keyOf, rowsOf } from "chat/models/rows.js";
import { listed } from "chat/text.js";

/** After this, what comes into the log is news again and not the room itself. */
const QUIET_MS = 1_000;

/** Draws the present room: takes over the rows the server has drawn, and keeps them true. */
export class TimelineController {
  #log;
  #session;
  #templates;
  #scroll;
  #clock;
  #elements = new Map();
  #drawn = new Map();
  #room = null;
  #changed = onceForAll(() => this.#draw());
  #midnight = null;
  #quiet = null;
  #arriving = false;
  #focusLost;

  /** `focusLost(row)`: the row that had the focus is gone, and this one (or null) stands near its place. */
  constructor({ log, session, templates, scroll, focusLost, clock = browserClock }) {
    this.#log = log;
    this.#session = session;
    this.#templates = templates;
    this.#scroll = scroll;
    this.#focusLost = focusLost;
    this.#clock = clock;
    this.#adopt();
    for (const event of ["outbox", "connection", "changes"]) session.on(event, this.#changed);
    session.on("joined", ({ entered }) => entered && this.#arrive());
    session.on("filled", () => scroll.stands && this.#arrive());
    session.presence.on("change", this.#changed);
    log.addEventListener("click", (event) => this.#clicked(event));
    followTimeline(session, this.#changed);
  }

  /** The rows that the server has drawn are the ones that stay. */
  #adopt() {
    const { me, timeline } = this.#session;
    for (const element of this.#log.querySelectorAll('[data-row="message"]')) {
      const message = timeline.find(element.dataset.id);
      if (!message) continue;
      element.dataset.key = keyOf(message, message.author.id === me?.id);
      this.#elements.set(element.dataset.key, element);
    }
  }

  /** The room's own messages are there: what is drawn next is where somebody begins to read. */
  #arrive() {
    this.#arriving = true;
    this.#changed();
  }

  #draw() {
    const { room } = this.#session;
    const arriving = this.#arriving || room !== this.#room;
    this.#room = room;
    this.#arriving = false;
    const rows = this.#rows();
    if (arriving || rows.some((row) => this.#isOld(row))) this.#beQuiet();
    if (arriving) this.#scroll.arriveAfter(() => this.#place(rows, false));
    else this.#scroll.keepDuring(() => this.#place(rows, true));
    this.#wakeAtMidnight();
  }

  #rows() {
    const { timeline, outbox, me, room, changes, people } = this.#session;
    if (!me) return [];
    const unsent = outbox
      .inRoom(room)
      .filter(({ cid }) => !timeline.has(me.id, cid));
    const { entries, names, news, above } = timeline;
    const nameOf = (id) => people.get(id);
    return rowsOf({ entries, unsent, above, me, names, news, changes, dayOf, nameOf });
  }

  #place(rows, moving) {
    const wanted = new Set(rows.map(({ key }) => key));
    const gone = [...this.#elements].filter(([key]) => !wanted.has(key));
    const lost = gone.find(([, element]) => element.contains(document.activeElement))?.[1];
    const near = lost && neighbourOf(lost, gone);
    for (const [key, element] of gone) this.#remove(key, element);
    for (const stray of this.#log.querySelectorAll(":scope > :not([data-key])")) stray.remove();
    const last = rows.findLast((row) => shownState(row.state) === "pending");
    let next = this.#log.firstElementChild;
    for (const row of rows) {
      const element = this.#elementOf(row, moving);
      this.#fill(element, row, row === last);
      if (element === next) next = next.nextElementSibling;
      else this.#log.insertBefore(element, next);
    }
    if (lost) this.#focusLost(near);
  }

  #elementOf(row, moving) {
    const known = this.#elements.get(row.key);
    if (known) return known;
    const element = clone(this.#templates[row.kind]);
    element.dataset.key = row.key;
    element.toggleAttribute("data-new", moving && row.live === true);
    this.#elements.set(row.key, element);
    return element;
  }

  #remove(key, element) {
    element.remove();
    this.#elements.delete(key);
    this.#drawn.delete(key);
  }

  #fill(element, row, noted) {
    const { outbox, connected } = this.#session;
    const note = noted ? noteFor(outbox.waiting, connected) : null;
    const drawn = signature(row, note, this.#clock.now());
    if (this.#drawn.get(row.key) === drawn) return;
    this.#drawn.set(row.key, drawn);
    if (row.kind === "message") fillMessage(element, row, { note, templates: this.#templates });
    else if (row.kind === "day") setText(part(element, "words"), dayWords(row.ts, this.#clock.now()));
    else if (row.kind === "news") setText(part(element, "words"), `${row.count} new`);
    else fillAnnouncement(element, row);
  }

  /** A message that was there before and gets its row only now. */
  #isOld({ kind, key, live }) {
    return kind === "message" && !live && !this.#elements.has(key);
  }

  /** What was there before is not read out as if it had just been said. */
  #beQuiet() {
    this.#log.setAttribute("aria-live", "off");
    this.#clock.clearTimeout(this.#quiet);
    this.#quiet = this.#clock.setTimeout(() => {
      this.#log.removeAttribute("aria-live");
      this.#log.removeAttribute("aria-busy");
    }, QUIET_MS);
  }

  /** "Today" becomes "Yesterday". */
  #wakeAtMidnight() {
    this.#clock.clearTimeout(this.#midnight);
    const now = this.#clock.now();
    this.#midnight = this.#clock.setTimeout(() => this.#changed(), nextMidnight(now) - now);
  }

  #clicked({ target, detail: presses }) {
    const { cid, id } = target.closest("[data-row]")?.dataset ?? {};
    const pressed = target.closest("button")?.dataset.part;
    if (pressed === "retry") this.#session.retry(cid);
    else if (pressed === "discard") this.#session.outbox.remove(cid);
    else if (pressed === "undo") this.#undo(id, target.closest("[data-row]"));
    // By a key: the button that had the focus goes.
    if (!presses && (pressed === "retry" || pressed === "discard")) this.#focusLost(null);
  }

  #undo(id, row) {
    this.#session.changes.undo(id);
    row.focus();
  }
}

/** The message before or after one of those that go. */
function neighbourOf(lost, gone) {
  const going = new Set(gone.map(([, element]) => element));
  const stays = (element) => element.dataset.row === "message" && !going.has(element);
  const rows = [...lost.parentElement.children];
  const at = rows.indexOf(lost);
  return rows.slice(at).find(stays) ?? rows.slice(0, at).findLast(stays) ?? null;
}

/** Equal for rows that look the same, so that they are left alone. */
function signature(row, note, now) {
  if (row.kind === "day") return dayWords(row.ts, now);
  const { message, revision, state, error, start, end, nameNow, count, people } = row;
  const { reactions, leaving, problem } = row;
  const seen = [message?.id, message?.ts, message?.author.name, revision, state, error];
  const laidOver = [reactions, leaving, problem, note];
  return JSON.stringify([...seen, start, end, nameNow, count, people?.length, ...laidOver]);
}

const VERBS = Object.freeze({ joined: " joined", left: " left" });

function fillAnnouncement(element, { what, people, ts, from }) {
  const words = part(element, "words");
  if (what === "renamed") {
    words.replaceChildren(strong(from), " is now ", strong(people[0].name));
  } else {
    words.replaceChildren(strong(listed(people.map(({ name }) => name))), VERBS[what]);
  }
  const time = part(element, "time");
  time.dateTime = isoTime(ts);
  time.title = fullTime(ts);
  setText(time, shortTime(ts));
}
