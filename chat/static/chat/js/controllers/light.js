import { browserClock } from "chat/clock.js";
import { connectionOf, Light } from "chat/connection.js";
import { flag, part, setText, show } from "chat/dom.js";
import { count } from "chat/text.js";

const BACK_SHOWN_MS = 4_000;
const SECOND_MS = 1_000;

/** A moment without connection is not worth a line across the page. */
const BANNER_AFTER_MS = 1_000;

/** The connection in the hyphen of the wordmark, in words beside it, and in a banner when it lasts. */
export class LightController {
  #root;
  #words;
  #banner;
  #session;
  #socket;
  #clock;
  #troubleSince = null;
  #back = null;
  #backTimer = null;
  #tick = null;

  constructor({ root, words, banner, session, socket, clock = browserClock }) {
    this.#root = root;
    this.#words = words;
    this.#banner = banner;
    this.#session = session;
    this.#socket = socket;
    this.#clock = clock;
    for (const event of ["connection", "outbox", "me"]) session.on(event, () => this.#draw());
    session.on("joined", (joined) => this.#joined(joined));
    session.on("refused", () => this.#draw());
    addEventListener("online", () => this.#draw());
    addEventListener("offline", () => this.#draw());
    part(banner, "button").addEventListener("click", () => this.#pressed());
    this.#draw();
  }

  #joined({ caughtUp, returned }) {
    if (returned && caughtUp) this.#sayBack(caughtUp);
    this.#draw();
  }

  #sayBack(caughtUp) {
    this.#back = `Back, ${caughtUp.toLocaleString()} caught up`;
    this.#clock.clearTimeout(this.#backTimer);
    this.#backTimer = this.#clock.setTimeout(() => {
      this.#back = null;
      this.#draw();
    }, BACK_SHOWN_MS);
  }

  #state() {
    const { arrived, outbox, me } = this.#session;
    return connectionOf({
      socket: this.#socket,
      connected: arrived,
      waiting: outbox?.waiting ?? 0,
      network: navigator.onLine,
      named: me !== null,
    });
  }

  #draw() {
    const state = this.#state();
    const connected = state.light === Light.CONNECTED;
    if (connected || state.light === Light.IDLE) this.#troubleSince = null;
    else this.#troubleSince ??= this.#clock.now();
    if (!connected) this.#back = null;
    this.#root.dataset.connection = state.light;
    setText(this.#words, (connected && this.#back) || state.words);
    this.#drawBanner(state);
    this.#keepCounting(state);
  }

  #drawBanner(state) {
    const said = this.#said(state);
    if (!said) {
      show(this.#banner, false);
      return;
    }
    this.#banner.dataset.tone = said.tone;
    setText(part(this.#banner, "strong"), said.strong);
    setText(part(this.#banner, "rest"), said.rest ?? "");
    const button = part(this.#banner, "button");
    show(button, Boolean(said.button));
    setText(button, said.button ?? "");
    show(this.#banner, true);
    flag(this.#banner, "ended", Boolean(state.ending));
  }

  /** What the banner says, or null. */
  #said(state) {
    if (state.ending) return { tone: "broken", strong: state.ending, button: "Load again" };
    if (state.light === Light.IDLE) return null;
    if (state.light === Light.CONNECTED) {
      return this.#back ? { tone: "alive", strong: `${this.#back}.` } : null;
    }
    const since = this.#clock.now() - this.#troubleSince;
    if (since < BANNER_AFTER_MS) return null;
    const rest = [this.#safety(state), this.#next()].filter(Boolean).join(" ");
    return { tone: "call", strong: `${state.words}.`, rest, button: "Try now" };
  }

  #safety({ light, waiting }) {
    if (light !== Light.OFFLINE || !waiting) return "";
    if (!this.#session.outbox.kept) return "Keep this page open until you are back.";
    return waiting === 1 ? "It is safe on this device." : "They are safe on this device.";
  }

  #next() {
    const { retryAt } = this.#socket;
    if (retryAt === null) return "Trying now";
    const seconds = Math.max(1, Math.ceil((retryAt - this.#clock.now()) / SECOND_MS));
    return `Trying again in ${count(seconds, "second")}`;
  }

  #keepCounting(state) {
    this.#clock.clearTimeout(this.#tick);
    const counting = [Light.CONNECTING, Light.OFFLINE].includes(state.light) && !state.ending;
    if (counting) this.#tick = this.#clock.setTimeout(() => this.#draw(), SECOND_MS / 4);
  }

  #pressed() {
    if (this.#banner.hasAttribute("data-ended")) location.reload();
    else this.#session.probe();
  }
}
