import { part, setText, show } from "chat/dom.js";

/** How many people are on the whole site. */
export function showOnline({ element, session }) {
  const draw = () => {
    show(element, session.me !== null && session.online > 0);
    setText(part(element, "count"), (session.online ?? 0).toLocaleString());
  };
  session.on("online", draw);
  session.on("me", draw);
}
