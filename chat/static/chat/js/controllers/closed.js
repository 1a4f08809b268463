import { setText, show } from "chat/dom.js";

const WORDS = "This channel is archived: it can be read, not written to.";

/** An archived channel has words where others have the message field; `hint` is of use only with that. */
export function showClosed({ element, form, hint, session }) {
  const draw = () => {
    const archived = session.rooms.get(session.room)?.archived ?? false;
    const hadFocus = form.contains(document.activeElement);
    setText(element, archived ? WORDS : "");
    show(form, !archived);
    show(hint, !archived);
    if (hadFocus && archived) element.focus();
  };
  session.rooms.on("change", draw);
  session.on("room", draw);
  draw();
}
