import { isPersonal } from "chat/called.js";

/** Where rooms live: `addressOf(room)` for `{kind, slug}`, from the patterns that the page has. */
export function addressesOf({ channel, direct }) {
  return (room) => (isPersonal(room) ? direct.replace("ID", room.slug) : channel.replace("SLUG", room.slug));
}
