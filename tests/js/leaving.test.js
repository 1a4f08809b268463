import assert from "node:assert/strict";
import { test } from "node:test";

import { Backoff } from "chat/backoff.js";
import { leaveChannel } from "chat/directory.js";
import { Session } from "chat/session.js";
import { Socket } from "chat/socket.js";
import { Storage } from "chat/storage.js";

import { alice, FakeArea, FakeClock, GENERAL, joined, Network, page, PIT, roomState, settle, welcome } from "./support.js";

const SECRET = roomState(PIT, { private: true });

/** Somebody connected, in a private channel of somebody else; `lost` are those they heard to be gone. */
async function member() {
  const [clock, network, lost] = [new FakeClock(), new Network(), []];
  const socket = new Socket({ url: "ws://x/", connect: network.connect, backoff: new Backoff(), clock });
  const state = page({ room: PIT, rooms: [roomState(GENERAL), SECRET] });
  const session = new Session({ page: state, socket, storage: new Storage(new FakeArea()), clock });
  session.on("removed", ({ channel }) => lost.push({ room: channel.room, left: channel.left }));
  session.start();
  network.newest.accept();
  network.newest.say(welcome({ rooms: [roomState(GENERAL), SECRET] }));
  const { ref } = network.newest.last("join");
  network.newest.say(joined({ ref, room: PIT }));
  await settle();
  return { lost, session, wire: network.newest };
}

const gone = { type: "channel", channel: SECRET, gone: true };
const done = (wire) => wire.say({ type: "ok", ref: wire.last("remove").ref });

test("leaving is taking oneself out, and says so, whichever the server says first", async () => {
  for (const noticeFirst of [true, false]) {
    const { lost, session, wire } = await member();
    const leaving = leaveChannel(session, PIT);
    const { room, person } = wire.last("remove");
    assert.deepEqual({ room, person }, { room: PIT, person: alice.id });
    if (noticeFirst) wire.say(gone);
    done(wire);
    await leaving;
    assert.equal(session.rooms.get(PIT), undefined);
    assert.deepEqual(lost, [{ room: PIT, left: true }]);
  }
});

test("who was taken out by somebody else did not leave", async () => {
  const { lost, wire } = await member();
  wire.say(gone);
  assert.deepEqual(lost, [{ room: PIT, left: false }]);
});

test("a refusal is thrown, and a removal afterwards is one", async () => {
  const { lost, session, wire } = await member();
  const leaving = leaveChannel(session, PIT);
  const detail = "Who made a channel stays in it.";
  wire.say({ type: "error", ref: wire.last("remove").ref, code: "forbidden", detail });
  await assert.rejects(leaving, { code: "forbidden", detail });
  assert.equal(session.rooms.get(PIT).room, PIT);
  wire.say(gone);
  assert.deepEqual(lost, [{ room: PIT, left: false }]);
});
