import { DeedsController } from "chat/controllers/deeds.js";
import { MessageMenu } from "chat/controllers/message_menu.js";
import { MessagesController } from "chat/controllers/messages.js";
import { MessageTools } from "chat/controllers/message_tools.js";
import { EmojiPicker } from "chat/controllers/picker.js";
import { QuotesController } from "chat/controllers/quotes.js";
import { ReadController } from "chat/controllers/read.js";
import { ScrollController } from "chat/controllers/scroll.js";
import { TimelineController } from "chat/controllers/timeline.js";
import { RecentEmoji } from "chat/models/emoji.js";

/**
 * The messages and everything that can be done with one. `one(selector)` finds an element of the page.
 * Returns the function that scrolls to the newest.
 */
export function conversationOf({ one, session, storage, composer, say }) {
  const [log, box] = [one("[data-log]"), one("[data-timeline]")];
  const scroll = new ScrollController({
    box,
    log,
    top: one("[data-timeline-top]"),
    pill: one("[data-jump]"),
    session,
  });
  scroll.on("top", () => session.older());

  const recent = new RecentEmoji({ storage, personId: () => session.me?.id });
  const closed = () => messages.settle();
  const menu = new MessageMenu({ element: one("#message-menu"), recent, closed });
  const picker = new EmojiPicker({ element: one("#emoji-picker"), recent, closed });
  const messages = new MessagesController({
    log,
    tools: new MessageTools(one("#tools-template")),
    isHeld: () => menu.isOpen || picker.isOpen,
  });
  new TimelineController({
    log,
    session,
    scroll,
    templates: {
      message: one("#message-template"),
      day: one("#day-template"),
      announcement: one("#announcement-template"),
      news: one("#news-template"),
      reaction: one("#reaction-template"),
    },
    focusLost: (near) => messages.focus(near ?? undefined),
  });
  new ReadController({ box, log, session });
  new QuotesController({ log, session, scroll });
  new DeedsController({ session, messages, composer, menu, picker, say });
  const emoji = one('[data-composer] [data-part="emoji"]');
  emoji.addEventListener("click", () => picker.open(emoji, (symbol) => composer.insert(symbol)));
  return () => scroll.toBottom();
}
