import { isPersonal } from "chat/called.js";

/** What stands where there are no messages, or where a personal chat begins: not in most rooms. */
export function showBeginnings({ one, session, later, composer }) {
  const useEmpty = later.add(async () => {
    const { showEmpty } = await import("chat/controllers/empty.js");
    showEmpty({ element: one("[data-empty]"), session, composer });
  });
  const useStart = later.add(async () => {
    const { showStart } = await import("chat/controllers/start.js");
    showStart({ element: one("[data-start]"), session });
  });
  const look = () => {
    if (isPersonal(session.rooms.get(session.room) ?? {})) useStart(() => {});
    else if (!session.timeline.oldest) useEmpty(() => {});
  };
  for (const event of ["room", "me", "joined"]) session.on(event, look);
  session.timeline.on("change", look);
  look();
}
