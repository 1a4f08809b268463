import { DeedsController } from "chat/controllers/deeds.js";
import { MessagesController } from "chat/controllers/messages.js";
import { MessageTools } from "chat/controllers/message_tools.js";
import { QuotesController } from "chat/controllers/quotes.js";
import { ReadController } from "chat/controllers/read.js";
import { ScrollController } from "chat/controllers/scroll.js";
import { TimelineController } from "chat/controllers/timeline.js";

const ROWS = ["message", "day", "announcement", "news"];
const PIECES = ["quote", "reactions", "reaction", "gone", "note"];
const TEMPLATES = [...ROWS, ...PIECES];

/**
 * The messages and everything that can be done with one. `one(selector)` finds an element of the page.
 * Returns the function that scrolls to the newest.
 */
export function conversationOf({ one, session, storage, composer, later, say }) {
  const [log, box] = [one("[data-log]"), one("[data-timeline]")];
  const scroll = new ScrollController({
    box,
    log,
    top: one("[data-timeline-top]"),
    pill: one("[data-jump]"),
    session,
  });
  scroll.on("top", () => session.older());

  let popups = null;
  const usePopups = later.add(async () => {
    const { Popups } = await import("chat/controllers/popups.js");
    popups = new Popups({ one, session, storage, closed: () => messages.settle() });
    return popups;
  });
  const messages = new MessagesController({
    log,
    tools: new MessageTools(one("#tools-template")),
    isHeld: () => popups?.isOpen ?? false,
  });
  new TimelineController({
    log,
    session,
    scroll,
    templates: Object.fromEntries(TEMPLATES.map((name) => [name, one(`#${name}-template`)])),
    focusLost: (near) => (near ? messages.focus(near) : composer.focus()),
  });
  new ReadController({ box, log, session });
  new QuotesController({ log, session, scroll });
  new DeedsController({ session, messages, composer, usePopups, say });
  const emoji = one('[data-composer] [data-part="emoji"]');
  emoji.addEventListener("click", () =>
    usePopups(({ picker }) => picker.open(emoji, (symbol) => composer.insert(symbol))),
  );
  return () => scroll.toBottom();
}
