import { show } from "chat/dom.js";

/** On a phone the rooms are behind a button: a dot on it says that there is something unread. */
export function showDrawerDot({ dot, session }) {
  const draw = () => show(dot, session.unread.total > session.unread.of(session.room));
  session.unread.on("change", draw);
  session.on("room", draw);
  draw();
}
