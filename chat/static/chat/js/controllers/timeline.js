import { fillMessage, noteFor, shownState } from "chat/controllers/message_row.js";
import { browserClock } from "chat/clock.js";
import { dayOf, dayWords, isoTime, fullTime, nextMidnight, shortTime } from "chat/dates.js";
import { clone, part, setText, strong } from "chat/dom.js";
import { rowsOf } from "chat/models/rows.js";
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
  #stopListening = () => {};
  #scheduled = false;
  #midnight = null;

  constructor({ log, session, templates, scroll, clock = browserClock }) {
    this.#log = log;
    this.#session = session;
    this.#templates = templates;
    this.#scroll = scroll;
    this.#clock = clock;
    for (const element of log.querySelectorAll("[data-key]")) {
      this.#elements.set(element.dataset.key, element);
    }
    session.on("room", () => this.#listen());
    session.on("me", () => this.#listen());
    session.on("outbox", () => this.#changed());
    session.on("connection", () => this.#changed());
    log.addEventListener("click", (event) => this.#clicked(event));
    this.#listen();
  }

  #listen() {
    this.#stopListening();
    this.#stopListening = this.#session.timeline.on("change", () => this.#changed());
    this.#changed();
  }

  /** However many events one frame brings, they are drawn once. */
  #changed() {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#draw();
    });
  }

  #draw() {
    const { room } = this.#session;
    const another = room !== this.#room;
    if (another) this.#beQuiet();
    this.#room = room;
    const rows = this.#rows();
    if (another) this.#scroll.toBottomAfter(() => this.#place(rows, false));
    else this.#scroll.keepDuring(() => this.#place(rows, true));
    this.#wakeAtMidnight();
  }

  #rows() {
    const { timeline, outbox, me, room } = this.#session;
    if (!me) return [];
    const unsent = outbox
      .inRoom(room)
      .filter(({ cid }) => !timeline.has(me.id, cid));
    const { entries, names, news } = timeline;
    return rowsOf({ entries, unsent, me, names, news, dayOf });
  }

  #place(rows, moving) {
    const wanted = new Set(rows.map(({ key }) => key));
    for (const [key, element] of this.#elements) {
      if (!wanted.has(key)) this.#remove(key, element);
    }
    for (const stray of this.#log.querySelectorAll(":scope > :not([data-key])")) stray.remove();
    const last = rows.findLast((row) => shownState(row.state) === "pending");
    let next = this.#log.firstElementChild;
    for (const row of rows) {
      const element = this.#elementOf(row, moving);
      this.#fill(element, row, row === last);
      if (element === next) next = next.nextElementSibling;
      else this.#log.insertBefore(element, next);
    }
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
    const { me, outbox, connected } = this.#session;
    const note = noted ? noteFor(outbox.waiting, connected) : null;
    const drawn = signature(row, note, this.#clock.now());
    if (this.#drawn.get(row.key) === drawn) return;
    this.#drawn.set(row.key, drawn);
    if (row.kind === "message") fillMessage(element, row, { me, note });
    else if (row.kind === "day") setText(part(element, "words"), dayWords(row.ts, this.#clock.now()));
    else if (row.kind === "news") setText(part(element, "words"), `${row.count} new`);
    else fillAnnouncement(element, row);
  }

  /** The rows of another room are not read out as if they had just been said. */
  #beQuiet() {
    this.#log.setAttribute("aria-live", "off");
    this.#clock.setTimeout(() => {
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

  #clicked({ target }) {
    const { cid } = target.closest("[data-cid]")?.dataset ?? {};
    if (target.closest('[data-part="retry"]')) this.#session.retry(cid);
    else if (target.closest('[data-part="discard"]')) this.#session.discard(cid);
  }
}

/** Equal for rows that look the same, so that they are left alone. */
function signature(row, note, now) {
  if (row.kind === "day") return dayWords(row.ts, now);
  const { message, revision, state, error, start, end, nameNow, count, people } = row;
  const seen = [message?.id, message?.ts, message?.author.name, revision, state, error];
  return JSON.stringify([...seen, start, end, nameNow, count, people?.length, note]);
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
