import { browserClock } from "chat/clock.js";
import { setText, show } from "chat/dom.js";
import { followTimeline } from "chat/following.js";

/** What is there sooner needs no words. */
const LATE_MS = 300;

/** What stands over the oldest message: that older ones come, that there are none, or that they are gone. */
export class EdgesController {
  #beginning;
  #loading;
  #session;
  #clock;
  #timer = null;

  constructor({ beginning, loading, session, clock = browserClock }) {
    this.#beginning = beginning;
    this.#loading = loading;
    this.#session = session;
    this.#clock = clock;
    for (const event of ["joined", "older", "refused"]) session.on(event, () => this.#draw());
    followTimeline(session, () => this.#draw());
  }

  #draw() {
    const words = this.#beginningWords;
    show(this.#beginning, words !== "");
    setText(this.#beginning, words);
    this.#drawLoading();
  }

  get #beginningWords() {
    const { timeline, rooms, room, limits, me } = this.#session;
    if (!me || timeline.more || !timeline.oldest) return "";
    const { name, keeps, kind } = rooms.get(room) ?? {};
    // A personal chat says it in its own way.
    if (kind === "direct") return "";
    if (keeps === "recent" && timeline.oldest.n > 1 && timeline.n > limits.kept) {
      return `Older messages are gone: a channel keeps its newest ${limits.kept}.`;
    }
    return `This is where ${name} begins.`;
  }

  #drawLoading() {
    this.#clock.clearTimeout(this.#timer);
    const { me, timeline, fetching, connected } = this.#session;
    const entering = me !== null && timeline.epoch === null && connected;
    const words = entering ? "Loading the messages" : fetching ? "Loading older messages" : "";
    if (!words) {
      show(this.#loading, false);
      return;
    }
    this.#timer = this.#clock.setTimeout(() => {
      setText(this.#loading, words);
      show(this.#loading, true);
    }, LATE_MS);
  }
}
