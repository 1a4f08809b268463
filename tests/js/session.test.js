import assert from "node:assert/strict";
import { test } from "node:test";

import { findRooms, learn, updateChannel } from "chat/directory.js";
import { Sought } from "chat/history.js";
import { Unsent } from "chat/models/outbox.js";
import { rowsOf } from "chat/models/rows.js";
import { CloseCode } from "chat/protocol.js";

import {
  alice,
  bob,
  carol,
  EPOCH,
  FakeArea,
  GENERAL,
  joined,
  message,
  messageEvent,
  page,
  PIT,
  roomState,
  settle,
  welcome,
} from "./support.js";
import { answerJoin, connect, entered, openTab } from "./tab.js";

async function lose({ clock, network }, code = 1006) {
  network.newest.drop(code);
  clock.wind(5_000);
  network.newest.accept();
  network.newest.say(welcome());
  await settle();
}

const deleted = (n, more) => message(n, { ...more, deleted: true, body: "" });
const bodies = (session) => session.timeline.messages.map(({ body }) => body);
const states = (session) => session.outbox.inRoom(session.room).map(({ state }) => state);

test("the page's state is where the first join resumes", async () => {
  const { network } = await entered({ state: page({ seq: 7, n: 5, messages: [message(5)] }) });
  const { room, at } = network.newest.last("join");
  assert.equal(room, GENERAL);
  assert.deepEqual(at, { epoch: EPOCH, seq: 7 });
});

test("after a reconnection the room is joined again, from where it had come to", async () => {
  const all = await entered();
  all.network.newest.say(messageEvent(1));
  all.network.newest.say(messageEvent(2));
  await lose(all);
  const { room, at } = all.network.newest.last("join");
  assert.equal(room, GENERAL);
  assert.deepEqual(at, { epoch: EPOCH, seq: 2 });
  await answerJoin(all.network.newest, { seq: 3, n: 3, events: [messageEvent(3)] });
  assert.deepEqual(bodies(all.session), ["message 1", "message 2", "message 3"]);
});

test("a server that could not tell everything says welcome again, and that is how things are", async () => {
  const { network, session } = await entered({ state: page({ rooms: [roomState(GENERAL), roomState(PIT)] }) });
  network.newest.say(messageEvent(1));
  const rooms = [roomState(GENERAL), roomState(PIT, { n: 5, unread: 2 })];
  network.newest.say(welcome({ me: { ...alice, name: "Alicia" }, rooms, online: 7 }));
  assert.equal(session.me.name, "Alicia");
  assert.equal(session.online, 7);
  assert.equal(session.unread.of(PIT), 2);
  assert.deepEqual(network.newest.last("join").at, { epoch: EPOCH, seq: 1 });
  await answerJoin(network.newest, { seq: 2, n: 2, events: [messageEvent(2)] });
  assert.deepEqual(bodies(session), ["message 1", "message 2"]);
  assert.equal(network.sockets.length, 1);
});

test("nothing connects before there is a name, and then the room comes whole", async () => {
  const { network, session } = openTab({ state: page({ me: null, limits: {} }) });
  session.start();
  assert.equal(network.sockets.length, 0);
  session.identify(alice);
  network.newest.accept();
  network.newest.say(welcome());
  assert.equal(network.newest.last("join").at, undefined);
  await answerJoin(network.newest, { reset: true, seq: 3, n: 1, messages: [message(1)] });
  assert.deepEqual(bodies(session), ["message 1"]);
});

test("an event and its copy draw one message", async () => {
  const { network, session } = await entered();
  network.newest.say(messageEvent(1));
  network.newest.say(messageEvent(1));
  assert.deepEqual(bodies(session), ["message 1"]);
});

test("frames of a batch are handled in their order", async () => {
  const { network, session } = await entered();
  network.newest.say({ type: "batch", frames: [messageEvent(1), messageEvent(2)] });
  assert.deepEqual(bodies(session), ["message 1", "message 2"]);
});

test("a gap asks once for what is missing, and loses nothing", async () => {
  const { network, session } = await entered();
  network.newest.say(messageEvent(3));
  network.newest.say(messageEvent(4));
  assert.equal(network.newest.all("join").length, 2);
  assert.deepEqual(network.newest.last("join").at, { epoch: EPOCH, seq: 0 });
  await answerJoin(network.newest, { seq: 2, n: 2, events: [messageEvent(1), messageEvent(2)] });
  assert.equal(session.timeline.messages.length, 4);
  assert.equal(network.newest.all("join").length, 2);
});

test("a gap that the answer does not reach is asked for again", async () => {
  const { network, session } = await entered();
  network.newest.say(messageEvent(3));
  await answerJoin(network.newest, { seq: 1, n: 1, events: [messageEvent(1)] });
  assert.equal(network.newest.all("join").length, 3);
  await answerJoin(network.newest, { seq: 3, n: 3, events: [messageEvent(2), messageEvent(3)] });
  assert.equal(session.timeline.messages.length, 3);
});

test("a reset by the server itself replaces the room", async () => {
  const { network, session } = await entered({
    state: page({ seq: 1, n: 1, messages: [message(1)] }),
  });
  network.newest.say(
    joined({ epoch: "e2", reset: true, seq: 1, n: 1, messages: [message(1, { body: "new log" })] }),
  );
  assert.deepEqual(bodies(session), ["new log"]);
  assert.equal(session.timeline.epoch, "e2");
});

test("what follows a reset in the same batch belongs to the new log", async () => {
  const { network, session } = await entered({
    state: page({ seq: 5, n: 5, messages: [message(5)] }),
  });
  session.probe();
  const { ref } = network.newest.last("join");
  const reset = joined({ ref, epoch: "e2", reset: true, seq: 5, n: 1, messages: [message(1, { seq: 5 })] });
  network.newest.say({ type: "batch", frames: [reset, messageEvent(2, { seq: 6 })] });
  await settle();
  assert.deepEqual(bodies(session), ["message 1", "message 2"]);
  assert.equal(session.timeline.seq, 6);
});

for (const order of ["event first", "ack first"]) {
  test(`one's own message is drawn once: ${order}`, async () => {
    const { network, session } = await entered();
    session.send("hello");
    const { ref, cid } = network.newest.last("send");
    const ack = { type: "ack", ref, room: GENERAL, cid, id: "m1", seq: 1, n: 1, ts: 5, duplicate: false };
    const event = messageEvent(1, { author: alice, cid, body: "hello" });
    for (const frame of order === "ack first" ? [ack, event] : [event, ack]) {
      network.newest.say(frame);
      await settle();
      assert.ok(bodies(session).length + states(session).length === 1);
    }
    assert.deepEqual(bodies(session), ["hello"]);
    assert.deepEqual(states(session), []);
  });
}

test("a message with the same cid of somebody else leaves mine waiting", async () => {
  const { network, session } = await entered();
  session.send("mine");
  const { cid } = network.newest.last("send");
  network.newest.say(messageEvent(1, { author: bob, cid, body: "theirs" }));
  assert.deepEqual(bodies(session), ["theirs"]);
  assert.deepEqual(states(session), [Unsent.SENDING]);
});

test("what is written offline leaves on return, in order, each with its cid", async () => {
  const all = await entered();
  const { network, session } = all;
  session.send("one");
  const first = network.newest.last("send");
  network.newest.drop(1006);
  await settle();
  session.send("two");
  assert.deepEqual(states(session), [Unsent.WAITING, Unsent.WAITING]);
  all.clock.wind(5_000);
  network.newest.accept();
  network.newest.say(welcome());
  const again = network.newest.last("send");
  assert.equal(again.cid, first.cid);
  assert.equal(network.newest.all("send").length, 1);
  const stored = { type: "ack", room: GENERAL, id: "m1", seq: 1, n: 1, ts: 5, duplicate: true };
  network.newest.say({ ...stored, ref: again.ref, cid: again.cid });
  await settle();
  assert.deepEqual(network.newest.all("send").map(({ body }) => body), ["one", "two"]);
});

test("what a closed tab did not send another one sends when it is connected again, at the latest", async () => {
  const area = new FakeArea();
  const open = await entered({ area });
  openTab({ area }).session.send("written, and the tab closed");
  await lose(open);
  const { body, room } = open.network.newest.last("send");
  assert.deepEqual({ body, room }, { body: "written, and the tab closed", room: GENERAL });
});

test("told that a tab was closed, another one sends at once what that has not sent", async () => {
  const area = new FakeArea();
  const { clock, network, session } = await entered({ area });
  openTab({ area }).session.send("written, and the tab closed");
  session.outbox.takeUp(clock.now());
  assert.equal(network.newest.last("send").body, "written, and the tab closed");
  session.outbox.takeUp(clock.now());
  assert.equal(network.newest.all("send").length, 1);
});

test("an outbox outlives the page", async () => {
  const area = new FakeArea();
  const before = await entered({ area });
  before.network.newest.drop(1006);
  before.session.send("written on a train");
  const after = await entered({ area });
  assert.equal(after.network.newest.last("send").body, "written on a train");
});

test("a rate limit is waited out, and the order stays", async () => {
  const { clock, network, session } = await entered();
  session.send("one");
  session.send("two");
  const { ref, cid } = network.newest.last("send");
  network.newest.say({ type: "error", ref, code: "rate_limited", detail: "", retry_after: 1.5 });
  await settle();
  clock.wind(1_499);
  assert.equal(network.newest.all("send").length, 1);
  clock.wind(1);
  assert.equal(network.newest.all("send").length, 2);
  assert.equal(network.newest.last("send").cid, cid);
});

test("a refused message stays with its reason, and the next one leaves", async () => {
  const { network, session } = await entered();
  session.send("bad");
  session.send("good");
  const { ref, cid } = network.newest.last("send");
  network.newest.say({ type: "error", ref, code: "invalid", detail: "no" });
  await settle();
  const [failed] = session.outbox.inRoom(GENERAL);
  assert.deepEqual([failed.state, failed.error, failed.body], [Unsent.FAILED, "invalid", "bad"]);
  assert.equal(network.newest.last("send").body, "good");
  session.outbox.remove(cid);
  assert.equal(session.outbox.inRoom(GENERAL).length, 1);
});

/** What stands in the room, top to bottom. */
const shownIn = ({ me, timeline, outbox, room }) => {
  const { entries, above } = timeline;
  const unsent = outbox.inRoom(room);
  return rowsOf({ entries, unsent, above, me, dayOf: () => 0 }).filter(({ kind }) => kind === "message");
};

for (const lost of [false, true]) {
  test(`a message keeps its row and place under one that failed, ${lost ? "caught up with" : "as it comes"}`, async () => {
    const { network, session } = await entered();
    session.send("bad");
    const { ref } = network.newest.last("send");
    network.newest.say({ type: "error", ref, code: "invalid", detail: "no" });
    await settle();
    session.send("good");
    const places = () => shownIn(session).map(({ key }) => key);
    const before = places();
    const { ref: again, cid } = network.newest.last("send");
    network.newest.say({ type: "ack", ref: again, room: GENERAL, cid, id: "m1", seq: 1, n: 1, ts: 5 });
    await settle();
    const event = messageEvent(1, { author: alice, cid, body: "good" });
    network.newest.say(messageEvent(2));
    if (lost) await answerJoin(network.newest, { seq: 1, n: 1, events: [event] });
    else network.newest.say(event);
    const after = places();
    assert.deepEqual(after, [...before, "m2"]);
    session.outbox.remove(session.outbox.inRoom(GENERAL)[0].cid);
    assert.deepEqual(places(), after.slice(1));
  });
}

test("coming back tells how many messages were missed", async () => {
  const all = await entered();
  await lose(all);
  const events = Array.from({ length: 12 }, (_, at) => messageEvent(at + 1));
  await answerJoin(all.network.newest, { seq: 12, n: 12, events });
  const last = all.heard.findLast(({ name }) => name === "joined");
  assert.deepEqual([last.caughtUp, last.returned], [12, true]);
});

test("another room: a new join, its own timeline, and the old one resumes when chosen again", async () => {
  const { network, session } = await entered({
    state: page({ seq: 1, n: 1, messages: [message(1)] }),
  });
  session.enter(PIT);
  assert.deepEqual(bodies(session), []);
  assert.equal(network.newest.last("join").room, PIT);
  const hello = message(1, { room: PIT, body: "pit" });
  await answerJoin(network.newest, { reset: true, seq: 1, n: 1, messages: [hello] });
  assert.deepEqual(bodies(session), ["pit"]);
  session.enter(GENERAL);
  assert.deepEqual(bodies(session), ["message 1"]);
  assert.deepEqual(network.newest.last("join").at, { epoch: EPOCH, seq: 1 });
});

test("a late answer for a room that was left does not change the one that is shown", async () => {
  const { network, session } = await entered();
  session.enter(PIT);
  const late = network.newest.last("join");
  session.enter(GENERAL);
  const messages = [message(1, { room: PIT })];
  network.newest.say(joined({ ref: late.ref, room: PIT, reset: true, seq: 1, n: 1, messages }));
  await settle();
  assert.deepEqual(bodies(session), []);
  assert.equal(session.room, GENERAL);
});

test("a room that is gone is refused in words, not tried for ever", async () => {
  const { clock, heard, network, session } = await entered();
  session.enter(PIT);
  const { ref } = network.newest.last("join");
  network.newest.say({ type: "error", ref, code: "not_found", detail: "" });
  await settle();
  clock.wind(20_000);
  assert.deepEqual(heard.at(-1), { name: "refused", room: PIT, code: "not_found" });
  assert.equal(network.newest.all("join").length, 2);
});

test("a join that was too fast is tried again", async () => {
  const { clock, network, session } = await entered();
  session.enter(PIT);
  const { ref } = network.newest.last("join");
  network.newest.say({ type: "error", ref, code: "rate_limited", detail: "", retry_after: 3 });
  await settle();
  clock.wind(3_000);
  assert.equal(network.newest.all("join").length, 3);
});

test("pings are answered from where frames come in", async () => {
  const { network } = await entered();
  network.newest.say({ type: "ping", ts: 99 });
  assert.deepEqual(network.newest.last("pong"), { type: "pong", ts: 99 });
});

test("typing is told at most every three seconds", async () => {
  const { clock, network, session } = await entered();
  session.typed();
  session.typed();
  clock.wind(2_999);
  session.typed();
  assert.equal(network.newest.all("typing").length, 1);
  clock.wind(1);
  session.typed();
  assert.equal(network.newest.all("typing").length, 2);
});

test("somebody who types is shown for six seconds, or until their message comes", async () => {
  const { clock, network, session } = await entered();
  network.newest.say({ type: "typing", room: GENERAL, by: bob });
  network.newest.say({ type: "typing", room: PIT, by: carol });
  assert.deepEqual(session.typing.people, [bob]);
  clock.wind(6_000);
  assert.deepEqual(session.typing.people, []);
  network.newest.say({ type: "typing", room: GENERAL, by: bob });
  network.newest.say(messageEvent(1));
  assert.deepEqual(session.typing.people, []);
});

test("joined, left and renamed are announced, and the count is the server's", async () => {
  const { clock, network, session } = await entered();
  const news = { joined: [], left: [], renamed: [] };
  const say = (more) => network.newest.say({ type: "presence", room: GENERAL, ...news, ...more });
  say({ joined: [carol], count: 3 });
  assert.equal(session.presence.count, 3);
  clock.wind(1_000);
  const caroline = { ...carol, name: "Caroline" };
  say({ renamed: [{ person: caroline, from: "carol" }], count: 3 });
  say({ left: [caroline], count: 2 });
  const said = session.timeline.entries.map(({ what, people, from }) => [what, people[0].name, from]);
  assert.deepEqual(said, [
    ["joined", "carol", undefined],
    ["renamed", "Caroline", "carol"],
    ["left", "Caroline", undefined],
  ]);
  assert.equal(session.timeline.names.get(carol.id), "Caroline");
});

test("presence of a room that is not shown is not announced", async () => {
  const { network, session } = await entered();
  network.newest.say({ type: "presence", room: PIT, joined: [carol], left: [], renamed: [], count: 9 });
  assert.equal(session.timeline.entries.length, 0);
  assert.equal(session.presence.count, 2);
});

test("a rename in another tab arrives here", async () => {
  const { network, session } = await entered();
  network.newest.say({ type: "me", me: { ...alice, name: "anna" } });
  assert.equal(session.me.name, "anna");
  assert.equal(session.timeline.names.get(alice.id), "anna");
});

test("a channel that somebody makes is in the list, and a rename changes its row", async () => {
  const { network, session } = await entered();
  const channel = roomState("channel:new", { name: "New" });
  network.newest.say({ type: "channel", channel });
  network.newest.say({ type: "channel", channel: { ...channel, name: "Newer" } });
  assert.deepEqual(session.rooms.all.map(({ name }) => name), ["general-talk", "Newer", "pit-crew"]);
});

test("heads count what is unread elsewhere", async () => {
  const { network, session } = await entered();
  network.newest.say({ type: "heads", rooms: { [PIT]: { epoch: EPOCH, seq: 4, n: 3 } } });
  assert.equal(session.unread.of(PIT), 3);
  network.newest.say({ type: "read", room: PIT, epoch: EPOCH, n: 3, unread: 0 });
  assert.equal(session.unread.of(PIT), 0);
});

test("reading moves the marker, and the answer is what counts", async () => {
  const { network, session } = await entered();
  network.newest.say(messageEvent(1));
  assert.equal(session.unread.of(GENERAL), 1);
  session.read({ room: GENERAL, epoch: EPOCH }, 1);
  const { ref, n, epoch } = network.newest.last("read");
  assert.deepEqual([n, epoch], [1, EPOCH]);
  network.newest.say({ type: "ok", ref, unread: 0 });
  await settle();
  assert.equal(session.unread.of(GENERAL), 0);
});

const HERE = { room: GENERAL, epoch: EPOCH };

/** What the server renders when it does not know yet that the last two of three were read. */
const twoUnread = (more) => {
  const messages = [message(1), message(2), message(3)];
  return page({ seq: 3, n: 3, messages, rooms: [roomState(GENERAL, { n: 3, read: 1, unread: 2, ...more })] });
};

test("a page loaded again before the server was told draws no line over what was read", async () => {
  const { area, session } = openTab({ state: twoUnread() });
  assert.equal(session.timeline.news?.n, 2);
  session.reads.keep(HERE, 3);
  const again = openTab({ state: twoUnread(), area });
  assert.equal(again.session.timeline.news, null);
  assert.equal(again.session.unread.of(GENERAL), 0);
});

test("of what was read only in part, the line stands before the rest", () => {
  const { area, session } = openTab({ state: twoUnread() });
  session.reads.keep(HERE, 2);
  assert.deepEqual(openTab({ state: twoUnread(), area }).session.timeline.news, { n: 3, count: 1 });
});

test("a marker of another log says nothing", () => {
  const { area, session } = openTab({ state: twoUnread() });
  session.reads.keep({ room: GENERAL, epoch: "e0" }, 3);
  assert.equal(openTab({ state: twoUnread(), area }).session.timeline.news?.n, 2);
});

test("what the server did not hear of reading is told on the next connection, and kept until then", async () => {
  const area = new FakeArea();
  const { network, session } = openTab({ state: twoUnread(), area });
  session.start();
  session.reads.keep(HERE, 3);
  network.newest.accept();
  network.newest.say(welcome({ rooms: [roomState(GENERAL, { n: 3, read: 1, unread: 2 })] }));
  assert.equal(session.unread.of(GENERAL), 0);
  const { ref, n } = network.newest.last("read");
  assert.equal(n, 3);
  assert.equal(session.reads.all.length, 1);
  network.newest.say({ type: "ok", ref, unread: 0 });
  await settle();
  assert.deepEqual(session.reads.all, []);
});

test("reading on in another tab is not forgotten when this one has been heard", async () => {
  const { network, session } = await entered();
  session.reads.keep(HERE, 1);
  session.read(HERE, 1);
  session.reads.keep(HERE, 2);
  network.newest.say({ type: "ok", ref: network.newest.last("read").ref, unread: 0 });
  await settle();
  assert.deepEqual(session.reads.all, [{ ...HERE, n: 2 }]);
});

test("logged out: the name is asked for, and nothing of the person stays", async () => {
  const { heard, network, session } = await entered({
    state: page({ seq: 1, n: 1, messages: [message(1)] }),
  });
  network.newest.drop(CloseCode.NO_IDENTITY);
  assert.equal(session.me, null);
  assert.deepEqual(bodies(session), []);
  assert.equal(heard.filter(({ name }) => name === "identify").length, 1);
  session.identify(bob);
  network.newest.accept();
  network.newest.say(welcome({ me: bob }));
  assert.equal(network.newest.last("join").at, undefined);
});

test("a server with another version makes the page load again", () => {
  const tab = openTab();
  connect(tab, { version: 2 });
  assert.deepEqual(tab.heard, [{ name: "reload" }]);
});

test("a connection that turns out to be another person's makes the page load again", () => {
  const tab = openTab();
  connect(tab, { me: bob });
  assert.deepEqual(tab.heard, [{ name: "reload" }]);
  assert.equal(tab.session.me, alice);
});

test("logged out: rooms that not everybody sees go, with what was unread", async () => {
  const secret = roomState(PIT, { private: true, unread: 3 });
  const chat = roomState("direct:1", { kind: "direct", name: "bob", person: bob, active: 1 });
  const rooms = [roomState(GENERAL, { unread: 2 }), secret, chat];
  const { heard, network, session } = await entered({ state: page({ rooms }), greeting: { rooms } });
  network.newest.drop(CloseCode.NO_IDENTITY);
  assert.deepEqual(session.rooms.all.map(({ room }) => room), [GENERAL]);
  assert.equal(session.unread.total, 0);
  assert.equal(heard.at(-1).name, "identify");
});

test("logged out in a room that not everybody sees, the page is drawn anew for nobody", async () => {
  const rooms = [roomState(GENERAL), roomState(PIT, { private: true })];
  const { heard, network } = await entered({ state: page({ room: PIT, rooms }), greeting: { rooms } });
  network.newest.drop(CloseCode.NO_IDENTITY);
  assert.equal(heard.at(-1).name, "reload");
});

test("what is asked before the server has said anything is over with the connection", async () => {
  const { network, session } = openTab();
  session.start();
  network.newest.accept();
  const asked = session.ask("edit", { room: GENERAL, id: "m1", body: "words" });
  network.newest.drop(1006);
  await assert.rejects(asked, { code: "disconnected" });
});

test("what waited too long in an open page is not sent before somebody asks for it again", async () => {
  const all = await entered();
  const { clock, network, session } = all;
  network.newest.drop(1006);
  session.send("written before the weekend");
  clock.wind(48 * 3_600_000);
  connect(all);
  assert.equal(network.newest.last("send"), undefined);
  const [{ cid, error }] = session.outbox.inRoom(GENERAL);
  assert.equal(error, "expired");
  session.retry(cid);
  assert.equal(network.newest.last("send").cid, cid);
});

test("older messages are fetched before the oldest", async () => {
  const { network, session } = await entered({
    state: page({ seq: 9, n: 9, messages: [message(9)], more: true }),
  });
  session.older();
  const { ref, before } = network.newest.last("history");
  assert.equal(before, 9);
  const messages = [message(7), message(8)];
  network.newest.say({ type: "history", ref, room: GENERAL, messages, more: false });
  await settle();
  assert.deepEqual(session.timeline.messages.map(({ n }) => n), [7, 8, 9]);
  session.older();
  assert.equal(network.newest.all("history").length, 1);
});

test("a probe asks for a fresh answer, and its silence replaces the connection", async () => {
  const { clock, network, session } = await entered();
  session.probe();
  assert.equal(network.newest.all("join").length, 2);
  clock.wind(5_000);
  assert.equal(session.connected, false);
});

// --- the line "new"

test("the page begins with the line where reading stopped", async () => {
  const messages = [message(1), message(2), message(3, { author: alice }), message(4)];
  const rooms = [roomState(GENERAL, { n: 4, read: 1, unread: 2 })];
  const { session } = await entered({ state: page({ seq: 4, n: 4, messages, rooms }) });
  assert.deepEqual(session.timeline.news, { n: 2, count: 2 });
});

test("where everything is new there is no line", async () => {
  const rooms = [roomState(GENERAL, { n: 2, unread: 2 })];
  const messages = [message(1), message(2)];
  const { session } = await entered({ state: page({ seq: 2, n: 2, messages, rooms }) });
  assert.equal(session.timeline.news, null);
});

test("entering a room draws the line where the server says, and sending takes it away", async () => {
  const { network, session } = await entered();
  network.newest.say({ type: "heads", rooms: { [PIT]: { epoch: EPOCH, seq: 3, n: 3 } } });
  session.enter(PIT);
  const messages = [1, 2, 3].map((n) => message(n, { room: PIT }));
  await answerJoin(network.newest, { reset: true, seq: 3, n: 3, messages, first_unread: 2 });
  assert.deepEqual(session.timeline.news, { n: 2, count: 3 });
  session.send("here");
  assert.equal(session.timeline.news, null);
});

test("what came unheard into the room is counted when it is caught up with", async () => {
  const { network, session } = await entered();
  session.watched = false;
  network.newest.say(messageEvent(4));
  const events = [messageEvent(1), messageEvent(2, { author: alice }), messageEvent(3)];
  await answerJoin(network.newest, { seq: 3, n: 3, events });
  assert.deepEqual([session.unread.of(GENERAL), session.unread.readOf(GENERAL)], [2, 2]);
});

test("what is deleted before anybody has looked is not unread any more", async () => {
  const { network, session } = await entered();
  session.watched = false;
  network.newest.say(messageEvent(1));
  network.newest.say(messageEvent(2));
  network.newest.say({ type: "event", room: GENERAL, seq: 3, kind: "delete", id: "m1" });
  assert.equal(session.unread.of(GENERAL), 1);
  network.newest.say({ type: "event", room: GENERAL, seq: 4, kind: "delete", id: "m2" });
  assert.equal(session.unread.total, 0);
});

test("what was deleted before a room is entered is not unread in it", async () => {
  const { network, session } = await entered();
  network.newest.say({ type: "heads", rooms: { [PIT]: { epoch: EPOCH, seq: 2, n: 2 } } });
  session.enter(PIT);
  const messages = [deleted(1, { room: PIT }), message(2, { room: PIT, author: carol })];
  await answerJoin(network.newest, { reset: true, seq: 3, n: 2, messages, first_unread: 2 });
  assert.equal(session.unread.of(PIT), 1);
  session.enter(GENERAL);
  session.enter(PIT);
  const events = [{ type: "event", room: PIT, seq: 4, kind: "delete", id: "m2" }];
  await answerJoin(network.newest, { seq: 4, n: 2, events });
  assert.equal(session.unread.total, 0);
});

test("of what is unread further up than what is here, a deletion tells nothing", async () => {
  const rooms = [roomState(GENERAL, { n: 60, read: 10, unread: 50 })];
  const messages = Array.from({ length: 20 }, (_, at) => message(41 + at));
  const state = page({ seq: 60, n: 60, messages, more: true, first_unread: 11, rooms });
  const { network, session } = await entered({ state, greeting: { rooms } });
  network.newest.say({ type: "event", room: GENERAL, seq: 61, kind: "delete", id: "m41" });
  assert.equal(session.unread.of(GENERAL), 50);
});

test("what comes while nobody looks gets a line, what is watched does not", async () => {
  const { network, session } = await entered();
  network.newest.say(messageEvent(1));
  assert.equal(session.timeline.news, null);
  session.watched = false;
  network.newest.say(messageEvent(2));
  network.newest.say(messageEvent(3, { author: alice }));
  assert.deepEqual(session.timeline.news, { n: 2, count: 1 });
});

// --- replies, changes

const PLAN = { id: "f1", name: "plan.pdf", type: "application/pdf", size: 9, url: "/files/f1/plan.pdf" };

test("files go with their message by id, with or without words, and wait with it over a reload", async () => {
  const first = openTab();
  first.session.send("", { attachments: [PLAN] });
  const { network, session } = await entered({ area: first.area });
  assert.deepEqual(session.outbox.inRoom(GENERAL)[0].attachments, [PLAN]);
  const { attachments, body, ref, cid } = network.newest.last("send");
  assert.deepEqual([attachments, body], [["f1"], ""]);
  network.newest.say({ type: "ack", ref, room: GENERAL, cid, id: "m1", seq: 1, n: 1, ts: 1, duplicate: false });
  network.newest.say(messageEvent(1, { author: alice, cid, body: "", attachments: [PLAN] }));
  await settle();
  assert.deepEqual(session.timeline.messages[0].attachments, [PLAN]);
  assert.equal(session.outbox.size, 0);
});

test("a message without files does not speak of them", async () => {
  const { network, session } = await entered();
  session.send("hello");
  assert.equal("attachments" in network.newest.last("send"), false);
});

test("a reply names what it answers", async () => {
  const { network, session } = await entered();
  session.send("yes", { quote: { id: "m1", author: bob, excerpt: "message 1" } });
  assert.equal(network.newest.last("send").reply_to, "m1");
});

test("a reply to what is gone is sent without, and a room that is gone is told", async () => {
  const { network, session } = await entered();
  session.send("yes", { quote: { id: "m1", author: bob, excerpt: "message 1" } });
  const refuse = async () => {
    const { ref } = network.newest.last("send");
    network.newest.say({ type: "error", ref, code: "not_found", detail: "" });
    await settle();
  };
  await refuse();
  const [first, second] = network.newest.all("send");
  assert.deepEqual([second.cid, second.body, second.reply_to], [first.cid, "yes", undefined]);
  await refuse();
  assert.deepEqual(states(session), [Unsent.FAILED]);
});

test("what is deleted is told to the server when the room is left", async () => {
  const { network, session } = await entered({
    state: page({ seq: 1, n: 1, messages: [message(1, { author: alice })] }),
  });
  session.changes.delete(session.timeline.find("m1"));
  assert.equal(network.newest.last("delete"), undefined);
  session.enter(PIT);
  const { room, id } = network.newest.last("delete");
  assert.deepEqual([room, id], [GENERAL, "m1"]);
});

test("a deletion that had no connection follows when there is one", async () => {
  const all = await entered({
    state: page({ seq: 1, n: 1, messages: [message(1, { author: alice })] }),
  });
  all.network.newest.drop(1006);
  all.session.changes.delete(all.session.timeline.find("m1"));
  all.session.changes.commit();
  all.clock.wind(5_000);
  all.network.newest.accept();
  all.network.newest.say(welcome());
  assert.equal(all.network.newest.last("delete").id, "m1");
});

// --- the light

test("who is welcomed is not there yet: that is when the room has answered", async () => {
  const all = openTab();
  all.session.start();
  all.network.newest.accept();
  all.network.newest.say(welcome());
  assert.equal(all.session.arrived, false);
  await answerJoin(all.network.newest);
  assert.equal(all.session.arrived, true);
  await lose(all);
  assert.equal(all.session.arrived, false);
  const { ref } = all.network.newest.last("join");
  all.network.newest.say({ type: "error", ref, code: "not_found", detail: "gone" });
  await settle();
  assert.equal(all.session.arrived, true);
});

// --- rooms, people, channels

test("channels are looked for on the server, and a found one can be entered", async () => {
  const { network, session } = await entered();
  const finding = findRooms(session, "far");
  const { ref, query } = network.newest.last("rooms");
  assert.equal(query, "far");
  const far = roomState("channel:far", { n: 3, unread: 3 });
  network.newest.say({ type: "ok", ref, rooms: [far], more: false });
  assert.deepEqual(await finding, [far]);
  learn(session, far);
  assert.equal(session.rooms.get("channel:far").name, "far");
  assert.equal(session.unread.of("channel:far"), 3);
});

test("the rest of the people is asked for from the last that is known", async () => {
  const { network, session } = await entered();
  const asking = session.askMembers({ more: true });
  const { ref, after } = network.newest.last("members");
  assert.equal(after, bob.id);
  const members = { people: [carol], count: 3 };
  network.newest.say({ type: "ok", ref, members, more: false });
  await asking;
  assert.equal(session.presence.people.length, 3);
});

test("a channel gets another topic; a refusal is thrown to who asked", async () => {
  const { network, session } = await entered();
  const updating = updateChannel(session, GENERAL, { topic: "Gears" });
  const { ref, topic, name } = network.newest.last("update");
  assert.deepEqual([topic, name], ["Gears", undefined]);
  const channel = { ...roomState(GENERAL), topic: "Gears" };
  network.newest.say({ type: "ok", ref, channel });
  await updating;
  assert.equal(session.rooms.get(GENERAL).topic, "Gears");
  const refused = updateChannel(session, GENERAL, { topic: "No" });
  const again = network.newest.last("update").ref;
  network.newest.say({ type: "error", ref: again, code: "forbidden", detail: "no" });
  await assert.rejects(refused, { code: "forbidden" });
});

test("people are known by the name they have now", async () => {
  const messages = [message(1), message(2, { author: carol })];
  const names = { [carol.id]: "Caroline" };
  const { session } = await entered({ state: page({ seq: 2, n: 2, messages, names }) });
  assert.equal(session.people.get(bob.id), "bob");
  assert.equal(session.people.get(carol.id), "Caroline");
  assert.equal(session.people.get(alice.id), "alice");
  assert.equal(session.people.get("nobody"), undefined);
});

test("older messages are asked for once at a time", async () => {
  const { heard, network, session } = await entered({
    state: page({ seq: 9, n: 9, messages: [message(9)], more: true }),
  });
  assert.equal(session.fetching, false);
  session.older();
  session.older();
  assert.equal(network.newest.all("history").length, 1);
  assert.equal(session.fetching, true);
  const { ref } = network.newest.last("history");
  network.newest.say({ type: "history", ref, room: GENERAL, messages: [message(8)], more: true });
  await settle();
  assert.equal(session.fetching, false);
  assert.equal(heard.at(-1).name, "joined");
});

test("older messages that come too late to stand over what is here are not shown", async () => {
  const { network, session } = await entered({
    state: page({ seq: 9, n: 9, messages: [message(9)], more: true }),
  });
  const asked = session.older();
  const { ref } = network.newest.last("history");
  const newest = [message(60), message(61)];
  network.newest.say(joined({ reset: true, seq: 61, n: 61, messages: newest, more: true }));
  network.newest.say({ type: "history", ref, room: GENERAL, messages: [message(8)], more: true });
  await asked;
  assert.deepEqual(session.timeline.messages.map(({ n }) => n), [60, 61]);
  session.older();
  assert.equal(network.newest.last("history").before, 60);
});

test("older messages are asked for again when the server says, not at once", async () => {
  const { clock, network, session } = await entered({
    state: page({ seq: 9, n: 9, messages: [message(9)], more: true }),
  });
  session.on("older", () => session.older());
  session.older();
  const { ref } = network.newest.last("history");
  network.newest.say({ type: "error", ref, code: "rate_limited", detail: "", retry_after: 3 });
  await settle();
  clock.wind(2_999);
  await settle();
  assert.equal(network.newest.all("history").length, 1);
  clock.wind(1);
  await settle();
  assert.equal(network.newest.all("history").length, 2);
});

test("older messages of one room do not keep those of another waiting", async () => {
  const { network, session } = await entered({
    state: page({ seq: 9, n: 9, messages: [message(9)], more: true }),
  });
  session.older();
  session.enter(PIT);
  assert.equal(session.fetching, false);
  const messages = [message(5, { room: PIT })];
  await answerJoin(network.newest, { reset: true, seq: 5, n: 5, messages, more: true });
  session.older();
  assert.deepEqual(network.newest.all("history").map(({ room }) => room), [GENERAL, PIT]);
});

test("a page of older messages that were all deleted is passed by", async () => {
  const { network, session } = await entered({
    state: page({ seq: 60, n: 50, messages: [message(50)], more: true }),
  });
  session.older();
  const { ref } = network.newest.last("history");
  const messages = Array.from({ length: 10 }, (_, at) => deleted(40 + at));
  network.newest.say({ type: "history", ref, room: GENERAL, messages, more: true });
  await settle();
  session.older();
  assert.deepEqual(network.newest.all("history").map(({ before }) => before), [50, 40]);
});

test("where all that is shown was deleted, older messages can still be had", async () => {
  const { network, session } = await entered({
    state: page({ seq: 50, n: 50, messages: [message(49), message(50)], more: true }),
  });
  for (const n of [49, 50]) {
    network.newest.say({ type: "event", room: GENERAL, seq: n + 2, kind: "delete", id: `m${n}` });
  }
  session.older();
  assert.equal(network.newest.last("history").before, 49);
});

test("where the newest page was deleted before somebody came, older messages can be had", async () => {
  const { network, session } = await entered({ state: page({ seq: 70, n: 50, more: true }) });
  session.older();
  assert.equal(network.newest.last("history").before, 51);
});

test("older messages still stand over what is here when the oldest of that is deleted meanwhile", async () => {
  const { network, session } = await entered({
    state: page({ seq: 9, n: 9, messages: [message(8), message(9)], more: true }),
  });
  session.older();
  const { ref } = network.newest.last("history");
  network.newest.say({ type: "event", room: GENERAL, seq: 10, kind: "delete", id: "m8" });
  network.newest.say({ type: "history", ref, room: GENERAL, messages: [message(7)], more: false });
  await settle();
  assert.deepEqual(session.timeline.messages.map(({ n }) => n), [7, 9]);
});

// --- the message that another one answers

/** A room of which only the newest message is here; `answer(first, last)` brings a page of older ones. */
async function longRoom(n) {
  const { network, session } = await entered({
    state: page({ seq: n, n, messages: [message(n)], more: true }),
  });
  const answer = async (first, last) => {
    const messages = Array.from({ length: last - first + 1 }, (_, at) => message(first + at));
    const { ref } = network.newest.last("history");
    network.newest.say({ type: "history", ref, room: GENERAL, messages, more: first > 1 });
    await settle();
  };
  return { answer, network, session };
}

test("a message is fetched however many pages up it stands, also when one is on its way", async () => {
  const { answer, session } = await longRoom(101);
  session.older();
  const sought = session.seek("m30");
  await answer(51, 100);
  await answer(1, 50);
  assert.equal(await sought, Sought.FOUND);
});

test("what is not kept any more is looked for up to the beginning", async () => {
  const { answer, session } = await longRoom(51);
  const sought = session.seek("gone");
  await answer(1, 50);
  assert.equal(await sought, Sought.GONE);
});

test("nobody is led back for ever", async () => {
  const { answer, network, session } = await longRoom(10_000);
  const sought = session.seek("gone");
  for (let page = 0; page < 20; page += 1) await answer(9_950 - page * 50, 9_999 - page * 50);
  assert.equal(await sought, Sought.FAR);
  assert.equal(network.newest.all("history").length, 20);
});

test("a search without a connection, or for a room that was left, is over", async () => {
  const { answer, network, session } = await longRoom(101);
  const left = session.seek("gone");
  session.enter(PIT);
  await answer(51, 100);
  assert.equal(await left, Sought.LEFT);
  session.enter(GENERAL);
  network.newest.drop(1006);
  assert.equal(await session.seek("gone"), Sought.LEFT);
});

test("a line at the very top goes up with the unread messages that are fetched", async () => {
  const { network, session } = await entered();
  network.newest.say({ type: "heads", rooms: { [PIT]: { epoch: EPOCH, seq: 6, n: 6 } } });
  session.unread.read(PIT, { epoch: EPOCH, n: 2, unread: 4 });
  session.enter(PIT);
  const messages = [5, 6].map((n) => message(n, { room: PIT }));
  const snapshot = { reset: true, seq: 6, n: 6, messages, more: true, first_unread: 5 };
  await answerJoin(network.newest, snapshot);
  assert.deepEqual(session.timeline.news, { n: 5, count: 4 });
  session.older();
  const { ref } = network.newest.last("history");
  const older = [1, 2, 3, 4].map((n) => message(n, { room: PIT }));
  network.newest.say({ type: "history", ref, room: PIT, messages: older, more: false });
  await settle();
  assert.deepEqual(session.timeline.news, { n: 3, count: 4 });
});
