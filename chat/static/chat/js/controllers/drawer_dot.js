import { flag, show } from "chat/dom.js";

/** On a phone the rooms are behind a button: a dot on it says that there is something unread, amber for oneself. */
export function showDrawerDot({ dot, session }) {
  const isUnread = ({ room }) => room !== session.room && session.unread.of(room) > 0;
  const draw = () => {
    show(dot, session.unread.total > session.unread.of(session.room));
    flag(dot, "call", session.rooms.personal.some(isUnread));
  };
  session.unread.on("change", draw);
  session.on("room", draw);
  draw();
}
