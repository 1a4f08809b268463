/** What somebody asks and changes of channels, past the list that the page has. Each throws a ReplyError. */

const ROOMS_FOUND = 20;

/** Channels with this in their names; they are in the list from now on only when they are entered. */
export async function findRooms(session, query) {
  const { rooms } = await session.ask("rooms", { query, limit: ROOMS_FOUND });
  return rooms;
}

/** Takes a room into the list that the server did not put there. */
export function learn(session, room) {
  if (session.rooms.get(room.room)) return;
  session.unread.learn(room);
  session.rooms.upsert(room);
}

/** Changes a channel's name or topic. */
export async function updateChannel(session, room, { name, topic }) {
  const { channel } = await session.ask("update", { room, name, topic });
  session.rooms.upsert(channel);
}
