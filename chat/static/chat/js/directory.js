/** What somebody asks and changes of rooms, and what the server tells of them. Who asks may get a ReplyError. */

import { ErrorCode } from "chat/protocol.js";

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

/** A `channel` frame: a room is there, is another, or is none of this person's any more. */
export function takeRoom(session, { channel, gone = false, state }) {
  if (gone) {
    session.lose(channel);
    return;
  }
  if (state) session.unread.learnNow(channel.room, state);
  session.rooms.upsert(state ? { ...channel, active: state.active } : channel);
}

/** Leaves a private channel for good: in all tabs. */
export async function leaveChannel(session, room) {
  const channel = session.rooms.get(room);
  session.leaving.add(room);
  try {
    await session.ask("remove", { room, person: session.me.id });
  } catch (error) {
    session.leaving.delete(room);
    throw error;
  }
  // The server says it to all tabs; that may have come already.
  if (session.rooms.get(room)) session.lose(channel);
}

/** A private channel that one may not enter any more is one that one was removed from meanwhile. */
export function loseRefused(session, { room, code }) {
  const known = session.rooms.get(room);
  const wasTheirs = known?.kind === "channel" && known.private;
  if (wasTheirs && code === ErrorCode.NOT_FOUND) session.lose(known);
}

/** A `heads` frame: messages came into rooms that this tab is not in. */
export function takeHeads({ rooms, unread }, told) {
  // The server tells of every public channel: what is unread in one that is in no list, nobody would find.
  const heads = Object.fromEntries(Object.entries(told).filter(([room]) => rooms.get(room)));
  const risen = Object.keys(heads).filter((room) => unread.isNews(room, heads[room]));
  unread.heads(heads);
  for (const room of risen) rooms.touch(room);
}

/** Changes a channel's name or topic. */
export async function updateChannel(session, room, { name, topic }) {
  const { channel } = await session.ask("update", { room, name, topic });
  session.rooms.upsert(channel);
}
