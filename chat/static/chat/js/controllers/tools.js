import { DeedsController } from "chat/controllers/deeds.js";
import { MessagesController } from "chat/controllers/messages.js";
import { MessageTools } from "chat/controllers/message_tools.js";
import { Popups } from "chat/controllers/popups.js";
import { QuotesController } from "chat/controllers/quotes.js";
import { onClosed } from "chat/dom.js";

/** What can be done with a message, and the picker of emoji: `{messages, picker}`. */
export function toolsOf({ one, log, session, storage, scroll, composer, say, openCard }) {
  const popups = new Popups({ one, session, storage, closed: () => messages.settle() });
  const tools = new MessageTools(one("#tools-template"));
  const card = one("#person-card");
  const messages = new MessagesController({ log, tools, isHeld: () => popups.isOpen || card.open });
  onClosed(card, () => messages.settle());
  new DeedsController({ session, messages, composer, popups, say, openCard });
  new QuotesController({ log, session, scroll });
  return { messages, picker: popups.picker };
}
