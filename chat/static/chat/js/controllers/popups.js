import { MessageMenu } from "chat/controllers/message_menu.js";
import { EmojiPicker } from "chat/controllers/picker.js";
import { RecentEmoji } from "chat/models/emoji.js";

/** What opens at a message: its menu, and the emoji to choose from. */
export class Popups {
  menu;
  picker;

  /** `one(selector)` finds an element of the page; `closed()` is called when either has closed. */
  constructor({ one, session, storage, closed }) {
    const recent = new RecentEmoji({ storage, personId: () => session.me?.id });
    this.menu = new MessageMenu({ element: one("#message-menu"), recent, closed });
    this.picker = new EmojiPicker({ element: one("#emoji-picker"), recent, closed });
  }

  get isOpen() {
    return this.menu.isOpen || this.picker.isOpen;
  }
}
