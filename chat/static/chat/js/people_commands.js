/** What is asked and done about people. Each throws a ReplyError. */

import { takeRoom } from "chat/directory.js";

const PEOPLE_FOUND = 20;

/** Accounts whose name starts so: `{people, more}`. */
export async function findPeople(session, { query, after }) {
  const { people, more } = await session.ask("people", { query, after, limit: PEOPLE_FOUND });
  return { people, more };
}

/** The personal chat with this person (an id), which is in the list from now on. */
export async function openDirect(session, person) {
  const { room } = await session.ask("direct", { person });
  takeRoom(session, { channel: room, state: room });
  return session.rooms.get(room.room);
}

export async function invite(session, room, person) {
  await session.ask("invite", { room, person });
  await refreshMembers(session, room);
}

export async function remove(session, room, person) {
  await session.ask("remove", { room, person });
  await refreshMembers(session, room);
}

/** It is done, whether the list can be had at once or not. */
async function refreshMembers(session, room) {
  if (session.room === room) await session.askMembers().catch(() => {});
}
