import { copyInto } from "chat/controllers/copy.js";
import { part, setText, show } from "chat/dom.js";

/** A room in which nobody has said anything: says so, and helps to begin. */
export function showEmpty({ element, session, composer }) {
  let stopListening = () => {};
  const draw = () => {
    const { me, timeline, outbox, room } = session;
    const known = me !== null && timeline.epoch !== null && session.rooms.get(room)?.kind !== "direct";
    show(element, known && !timeline.oldest && outbox.inRoom(room).length === 0);
    setText(part(element, "name"), session.rooms.get(room)?.name ?? "");
  };
  const listen = () => {
    stopListening();
    stopListening = session.timeline.on("change", draw);
    draw();
  };
  for (const event of ["room", "me"]) session.on(event, listen);
  session.on("outbox", draw);
  part(element, "hello").addEventListener("click", () => composer.suggest("Hello, everybody!"));
  part(element, "copy").addEventListener("click", ({ currentTarget }) =>
    copyInto(currentTarget, location.href),
  );
  listen();
}
