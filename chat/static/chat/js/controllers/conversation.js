import { ReadController } from "chat/controllers/read.js";
import { ScrollController } from "chat/controllers/scroll.js";
import { TimelineController } from "chat/controllers/timeline.js";

const ROWS = ["message", "day", "announcement", "news"];
const PIECES = ["quote", "files", "picture", "document", "reactions", "reaction", "gone", "note"];
const TEMPLATES = [...ROWS, ...PIECES];

/** What can be pressed in a message. */
const PRESSED = "[data-act], [data-emoji], .quote";

const rowOf = (element) => element.closest('[data-row="message"]');

/**
 * The messages and everything that can be done with one. `one(selector)` finds an element of the page.
 * Returns the function that scrolls to the newest.
 */
export function conversationOf({ one, session, storage, composer, later, say, openCard }) {
  const [log, box] = [one("[data-log]"), one("[data-timeline]")];
  const scroll = new ScrollController({
    box,
    log,
    top: one("[data-timeline-top]"),
    pill: one("[data-jump]"),
    session,
  });
  scroll.on("top", () => session.older());

  const use = later.add(async () => {
    const { toolsOf } = await import(`chat/controllers/tools.js`);
    const tools = toolsOf({ one, log, session, storage, scroll, composer, say, openCard });
    heed();
    return tools;
  });
  const heed = replayUntilHeeded(log, use);
  new TimelineController({
    log,
    session,
    scroll,
    templates: Object.fromEntries(TEMPLATES.map((name) => [name, one(`#${name}-template`)])),
    focusLost: (near) => (near ? use(({ messages }) => messages.focus(near)) : composer.focus()),
  });
  const useLightbox = later.add(async () => {
    const { Lightbox } = await import(`chat/controllers/lightbox.js`);
    return new Lightbox(one("#lightbox"));
  });
  log.addEventListener("click", (event) => {
    const picture = event.target.closest(".picture");
    if (!picture || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    useLightbox((lightbox) => lightbox.open(picture));
  });
  new ReadController({ box, log, session });
  session.on("joined", ({ returned }) => returned && later.fetchAgain());
  const emoji = one('[data-composer] [data-part="emoji"]');
  emoji.addEventListener("click", () =>
    use(({ picker }) => picker.open(emoji, (symbol) => composer.insert(symbol))),
  );
  return () => scroll.toBottom();
}

/**
 * A press, a key or a resting finger that came before there was anybody to heed it is done again. Returns
 * the function that ends this.
 */
export function replayUntilHeeded(log, use) {
  /** What stands where this stood: rows may have been drawn anew meanwhile. */
  const present = (element, of = (row) => row) => {
    const row = element.isConnected ? null : log.querySelector(`[data-id="${rowOf(element)?.dataset.id}"]`);
    return row ? of(row) : element;
  };
  const clicked = (event) => {
    const pressed = event.target.closest(PRESSED);
    if (!pressed) return;
    event.preventDefault();
    const at = [...rowOf(pressed).querySelectorAll(PRESSED)].indexOf(pressed);
    use(() => present(pressed, (row) => row.querySelectorAll(PRESSED)[at])?.click());
  };
  const typed = (event) => {
    const { target } = event;
    if (event.key === "Tab" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (target.dataset.row !== "message") return;
    event.preventDefault();
    use(() => present(target).dispatchEvent(new KeyboardEvent(event.type, event)));
  };
  const rested = (event) => {
    const row = rowOf(event.target);
    if (event.pointerType !== "touch" || !row) return;
    event.preventDefault();
    use(() => present(row).dispatchEvent(new PointerEvent(event.type, event)));
  };
  let finger = null;
  const touched = (event) => {
    const row = rowOf(event.target);
    if (event.pointerType !== "touch" || !row) return;
    finger = event;
    use(() => finger === event && present(row).dispatchEvent(new PointerEvent(event.type, event)));
  };
  for (const end of ["pointerup", "pointercancel"]) log.addEventListener(end, () => (finger = null));
  const heard = { click: clicked, keydown: typed, contextmenu: rested, pointerdown: touched };
  for (const [type, hear] of Object.entries(heard)) log.addEventListener(type, hear);
  return () => {
    for (const [type, hear] of Object.entries(heard)) log.removeEventListener(type, hear);
  };
}
