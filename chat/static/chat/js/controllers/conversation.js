import { ReadController } from "chat/controllers/read.js";
import { ScrollController } from "chat/controllers/scroll.js";
import { TimelineController } from "chat/controllers/timeline.js";

const ROWS = ["message", "day", "announcement", "news"];
const PIECES = ["quote", "files", "picture", "document", "reactions", "reaction", "gone", "note"];
const TEMPLATES = [...ROWS, ...PIECES];

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
    const { toolsOf } = await import("chat/controllers/tools.js");
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
    const { Lightbox } = await import("chat/controllers/lightbox.js");
    return new Lightbox(one("#lightbox"));
  });
  log.addEventListener("click", (event) => {
    const picture = event.target.closest(".picture");
    if (!picture || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    useLightbox((lightbox) => lightbox.open(picture));
  });
  new ReadController({ box, log, session });
  const emoji = one('[data-composer] [data-part="emoji"]');
  emoji.addEventListener("click", () =>
    use(({ picker }) => picker.open(emoji, (symbol) => composer.insert(symbol))),
  );
  return () => scroll.toBottom();
}

/**
 * A press or a key that came before there was anybody to heed it is done again. Returns the function that
 * ends this.
 */
function replayUntilHeeded(log, use) {
  const clicked = (event) => {
    const pressed = event.target.closest("[data-act], [data-emoji], .quote");
    if (!pressed) return;
    event.preventDefault();
    use(() => pressed.click());
  };
  const typed = (event) => {
    const { target } = event;
    if (event.key === "Tab" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (target.dataset.row !== "message") return;
    event.preventDefault();
    use(() => target.dispatchEvent(new KeyboardEvent(event.type, event)));
  };
  log.addEventListener("click", clicked);
  log.addEventListener("keydown", typed);
  return () => {
    log.removeEventListener("click", clicked);
    log.removeEventListener("keydown", typed);
  };
}
