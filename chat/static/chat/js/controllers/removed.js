import { part, setText, show } from "chat/dom.js";
import { ErrorCode } from "chat/protocol.js";

/**
 * Somebody was removed from a private channel: it is gone from their list, and if they were in it, the page
 * says so and is elsewhere. `go(room)` enters a room in place of this one; `home` is where there is one.
 */
export function showRemoved({ element, session, go, home }) {
  let saidIn = null;
  const tell = ({ room, name }) => {
    if (room !== session.room) return;
    const { first } = session.rooms;
    if (!first) {
      location.assign(home);
      return;
    }
    go(first);
    saidIn = first.room;
    setText(part(element, "words"), `You were removed from ${name}. You are in ${first.name} now.`);
    show(element, true);
  };
  session.on("removed", ({ channel }) => tell(channel));
  session.on("refused", ({ room, code }) => {
    const channel = session.rooms.get(room);
    const mine = channel?.kind === "channel" && channel.private;
    if (mine && code === ErrorCode.NOT_FOUND) session.lose(channel);
  });
  session.on("room", () => session.room !== saidIn && show(element, false));
  part(element, "close").addEventListener("click", () => show(element, false));
}
