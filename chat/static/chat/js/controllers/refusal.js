import { show } from "chat/dom.js";

/** The room cannot be entered any more: says so where its messages would be. */
export function showRefusal({ element, log, session }) {
  const draw = (refused) => {
    show(element, refused);
    show(log, !refused);
  };
  session.on("refused", ({ room }) => room === session.room && draw(true));
  session.on("joined", () => draw(false));
  session.on("room", () => draw(false));
}
