import { isPersonal } from "chat/called.js";
import { followTimeline } from "chat/following.js";

/** What stands where there are no messages, or where a personal chat begins: not in most rooms. */
export function showBeginnings({ one, session, later, composer }) {
  const useEmpty = later.add(async () => {
    const { showEmpty } = await import(`chat/controllers/empty.js`);
    showEmpty({ element: one("[data-empty]"), session, composer });
  });
  const useStart = later.add(async () => {
    const { showStart } = await import(`chat/controllers/start.js`);
    showStart({ element: one("[data-start]"), session });
  });
  const look = () => {
    if (isPersonal(session.rooms.get(session.room) ?? {})) useStart(() => {});
    else if (session.timeline.isEmpty) useEmpty(() => {});
  };
  session.on("joined", look);
  followTimeline(session, look);
}
