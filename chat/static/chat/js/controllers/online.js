import { part, setText, show } from "chat/dom.js";

/** How many people are on the whole site, as long as that is known. */
export function showOnline({ element, session }) {
  const draw = () => {
    show(element, session.connected && session.online > 0);
    setText(part(element, "count"), (session.online ?? 0).toLocaleString());
  };
  session.on("online", draw);
  session.on("connection", draw);
}
