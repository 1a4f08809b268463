import { copyInto } from "chat/controllers/copy.js";
import { part, setText, show } from "chat/dom.js";
import { followTimeline } from "chat/following.js";

/** A room without messages, be it new or cleared: says so, and helps to begin. */
export function showEmpty({ element, session, composer }) {
  const draw = () => {
    const { me, timeline, outbox, room } = session;
    const known = me !== null && timeline.epoch !== null && session.rooms.get(room)?.kind !== "direct";
    show(element, known && timeline.isEmpty && outbox.inRoom(room).length === 0);
    const { name = "", archived = false } = session.rooms.get(room) ?? {};
    setText(part(element, "name"), name);
    setText(part(element, "what"), archived ? "archived" : "here");
    for (const piece of ["open", "hello"]) show(part(element, piece), !archived);
  };
  session.on("outbox", draw);
  session.rooms.on("change", draw);
  part(element, "hello").addEventListener("click", () => composer.suggest("Hello, everybody!"));
  part(element, "copy").addEventListener("click", ({ currentTarget }) =>
    copyInto(currentTarget, location.href),
  );
  followTimeline(session, draw);
}
