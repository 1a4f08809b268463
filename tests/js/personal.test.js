import assert from "node:assert/strict";
import { test } from "node:test";

import { addressesOf, mayChange, mayLeave, titleOf, topicOf } from "chat/called.js";
import { learn, loseRefused, takeHeads, takeRoom } from "chat/directory.js";
import { PeopleFinder } from "chat/models/people_finder.js";
import { Presence } from "chat/models/presence.js";
import { Rooms } from "chat/models/rooms.js";
import { Switcher } from "chat/models/switcher.js";
import { Unread } from "chat/models/unread.js";

import {
  alice,
  bob,
  carol,
  EPOCH,
  FakeClock,
  GENERAL,
  joined,
  limits,
  message,
  page,
  PIT,
  roomState,
  settle,
} from "./support.js";
import { answerJoin, connect, openTab } from "./tab.js";

const chat = (id, person, more = {}) =>
  roomState(`direct:${id}`, { kind: "direct", name: person.name, person, private: true, active: 0, ...more });

const names = (rooms) => rooms.personal.map(({ name }) => name);

function lists(rooms) {
  const removed = [];
  const session = {
    rooms: new Rooms(rooms),
    unread: new Unread(rooms),
    lose: (channel) => removed.push(channel.room),
  };
  return { ...session, session, removed };
}

test("personal chats stand in the order of what was said last, channels in theirs", () => {
  const rooms = new Rooms([roomState(GENERAL), chat("1", bob, { active: 5 }), chat("2", carol, { active: 9 })]);
  assert.deepEqual(names(rooms), ["carol", "bob"]);
  rooms.touch("direct:1");
  assert.deepEqual(names(rooms), ["bob", "carol"]);
  rooms.touch(GENERAL);
  assert.deepEqual(rooms.channels.map(({ room }) => room), [GENERAL]);
  assert.deepEqual(names(rooms), ["bob", "carol"]);
});

test("a chat in which nothing was said stands where the server has put it", () => {
  const rooms = new Rooms([chat("1", alice, { active: 7 }), chat("2", bob), chat("3", carol, { active: 3 })]);
  assert.deepEqual(names(rooms), ["alice", "bob", "carol"]);
});

test("a chat that was just opened is the first, and keeps its place when it is told again", () => {
  const rooms = new Rooms([chat("1", bob, { active: 5 })]);
  rooms.upsert(chat("2", carol));
  assert.deepEqual(names(rooms), ["carol", "bob"]);
  rooms.touch("direct:1");
  rooms.upsert({ ...chat("2", carol), name: "caroline" });
  assert.deepEqual(names(rooms), ["bob", "caroline"]);
});

test("messages elsewhere are counted and raise the chat; an edit does neither", () => {
  const { session } = lists([chat("1", bob, { active: 5 }), chat("2", carol, { active: 3, n: 4, seq: 4 })]);
  takeHeads(session, { "direct:2": { epoch: EPOCH, seq: 5, n: 4 } });
  assert.deepEqual(names(session.rooms), ["bob", "carol"]);
  takeHeads(session, { "direct:2": { epoch: EPOCH, seq: 6, n: 5 } });
  assert.deepEqual(names(session.rooms), ["carol", "bob"]);
  assert.equal(session.unread.of("direct:2"), 1);
});

test("what comes into a channel that is in no list is not counted: nobody would find it", () => {
  const { session } = lists([roomState(GENERAL)]);
  takeHeads(session, { "channel:far": { epoch: EPOCH, seq: 5_000, n: 5_000 } });
  assert.equal(session.unread.total, 0);
  learn(session, roomState("channel:far", { n: 5_000, unread: 2 }));
  assert.equal(session.unread.total, 2);
});

test("the first message of somebody new makes the chat appear with its count", () => {
  const { session } = lists([roomState(GENERAL)]);
  const { epoch, seq, n, read, unread, active, ...channel } = chat("9", bob, { n: 1, unread: 1, active: 50 });
  takeRoom(session, { channel, state: { epoch, seq, n, read, unread, active } });
  assert.deepEqual(names(session.rooms), ["bob"]);
  assert.equal(session.unread.total, 1);
});

test("numbers that are older than what is known change nothing", () => {
  const unread = new Unread([chat("1", bob, { n: 6, unread: 2, read: 4 })]);
  unread.learnNow("direct:1", { epoch: EPOCH, n: 5, read: 0, unread: 5 });
  assert.equal(unread.of("direct:1"), 2);
  unread.learnNow("direct:1", { epoch: EPOCH, n: 7, read: 4, unread: 3 });
  assert.equal(unread.of("direct:1"), 3);
  unread.forget("direct:1");
  assert.equal(unread.total, 0);
});

test("what is none of theirs any more is lost, also when it was told while nobody listened", () => {
  const secret = roomState(PIT, { private: true });
  const { session, removed } = lists([roomState(GENERAL), secret]);
  takeRoom(session, { channel: secret, gone: true });
  loseRefused(session, { room: PIT, code: "not_found" });
  loseRefused(session, { room: PIT, code: "server_error" });
  loseRefused(session, { room: GENERAL, code: "not_found" });
  loseRefused(session, { room: "channel:unknown", code: "not_found" });
  assert.deepEqual(removed, [PIT, PIT]);
  assert.equal(session.rooms.first.room, GENERAL);
});

test("one's chat with oneself is called what it is for", () => {
  assert.equal(titleOf(chat("1", alice), alice), "Notes to yourself");
  assert.equal(titleOf(chat("1", bob), alice), "bob");
  assert.equal(topicOf({ private: true, topic: "Wheels" }), "By invitation · Wheels");
  assert.equal(topicOf({ private: false, topic: "" }), "");
});

test("rooms have addresses by their kind", () => {
  const addressOf = addressesOf({ channel: "/c/SLUG/", direct: "/d/ID/" });
  assert.equal(addressOf(roomState(PIT)), "/c/pit-crew/");
  assert.equal(addressOf(chat("x1", bob)), "/d/x1/");
});

test("who made a channel may say who belongs to it, and staff; in a personal chat nobody", () => {
  const channel = { kind: "channel", maker: alice.id };
  assert.equal(mayChange(channel, alice), true);
  assert.equal(mayChange(channel, bob), false);
  assert.equal(mayChange(channel, bob, ["moderate"]), true);
  assert.equal(mayChange(chat("1", bob), alice, ["moderate"]), false);
  assert.equal(mayChange(channel, null, ["moderate"]), false);
});

test("who was invited to a private channel may leave it; who made it stays, unless they are staff", () => {
  const channel = { kind: "channel", private: true, maker: alice.id };
  assert.equal(mayLeave(channel, bob), true);
  assert.equal(mayLeave(channel, alice), false);
  assert.equal(mayLeave(channel, alice, ["moderate"]), true);
  assert.equal(mayLeave({ ...channel, private: false }, bob), false);
  assert.equal(mayLeave(chat("1", bob), alice), false);
  assert.equal(mayLeave(channel, null), false);
});

test("who comes is no longer away; who leaves is in neither list until the server is asked", () => {
  const presence = new Presence();
  assert.equal(presence.isHere(bob.id), undefined);
  presence.replace({ people: [alice], count: 1, away: [bob, carol] });
  assert.deepEqual(presence.away, [bob, carol]);
  assert.equal(presence.isHere(bob.id), false);
  presence.apply({ joined: [bob], count: 2 });
  assert.deepEqual(presence.away, [carol]);
  assert.equal(presence.isHere(bob.id), true);
  presence.apply({ left: [bob], count: 1 });
  assert.deepEqual(presence.away, [carol]);
  presence.apply({ renamed: [{ person: { ...carol, name: "cara" }, from: "carol" }], count: 1 });
  assert.equal(presence.away[0].name, "cara");
});

test("of a crowd nobody is said to be away whom the list does not reach", () => {
  const presence = new Presence();
  presence.replace({ people: [alice], count: 200 });
  assert.equal(presence.isHere(bob.id), undefined);
});

function finder({ pages = [] } = {}) {
  const clock = new FakeClock();
  const asked = [];
  const search = (question) => {
    asked.push(question);
    return new Promise((resolve, reject) => pages.push({ resolve, reject }));
  };
  const model = new PeopleFinder({ search, me: () => alice, clock });
  return { asked, clock, model, pages };
}

const found = (model) => model.options.map(({ name }) => name);

test("before anything is typed everybody is listed, one's notes first", async () => {
  const { asked, model, pages } = finder();
  model.begin({ notes: true });
  assert.deepEqual(asked, [{ query: "", after: undefined }]);
  pages[0].resolve({ people: [alice, bob], more: false });
  await settle();
  assert.deepEqual(found(model), ["Notes to yourself", "bob"]);
  model.begin();
  pages[1].resolve({ people: [alice, bob], more: false });
  await settle();
  assert.deepEqual(found(model), ["bob"]);
});

test("typing asks after a pause, and an answer to an older question is not shown", async () => {
  const { asked, clock, model, pages } = finder();
  model.begin({ notes: true });
  model.typed("b");
  model.typed("bo");
  clock.wind(200);
  assert.deepEqual(asked.map(({ query }) => query), ["", "bo"]);
  pages[0].resolve({ people: [carol], more: false });
  await settle();
  assert.deepEqual(found(model), []);
  assert.equal(model.searching, true);
  pages[1].resolve({ people: [bob], more: false });
  await settle();
  assert.deepEqual(found(model), ["bob"]);
  assert.equal(model.chosen.id, bob.id);
});

test("one's notes are found by what they are called and by one's own name", async () => {
  const { clock, model, pages } = finder();
  for (const [query, at] of [["not", 1], ["ALI", 2]]) {
    if (at === 1) model.begin({ notes: true });
    model.typed(query);
    clock.wind(200);
    pages.at(-1).resolve({ people: [], more: false });
    await settle();
    assert.deepEqual(found(model), ["Notes to yourself"]);
  }
});

test("the end of a page brings the next one, and the arrows go round when there is none", async () => {
  const { asked, model, pages } = finder();
  model.begin();
  pages[0].resolve({ people: [bob], more: true });
  await settle();
  model.next();
  model.next();
  assert.deepEqual(asked.at(-1), { query: "", after: bob.id });
  assert.equal(asked.length, 2);
  pages[1].resolve({ people: [carol], more: false });
  await settle();
  assert.deepEqual(found(model), ["bob", "carol"]);
  assert.equal(model.pressed("ArrowDown"), true);
  assert.equal(model.chosen.id, carol.id);
  assert.equal(model.pressed("ArrowDown"), true);
  assert.equal(model.chosen.id, bob.id);
  assert.equal(model.pressed("x"), false);
});

test("a server that does not answer is told of, and asked again with the next letter", async () => {
  const { clock, model, pages } = finder();
  model.begin();
  pages[0].reject(new Error("gone"));
  await settle();
  assert.equal(model.problem.message, "gone");
  assert.equal(model.searching, false);
  model.typed("b");
  assert.equal(model.problem, null);
  clock.wind(200);
  pages[1].resolve({ people: [bob], more: false });
  await settle();
  assert.deepEqual(found(model), ["bob"]);
});

test("who has left meanwhile finds nobody", async () => {
  let me = alice;
  const search = () => Promise.reject(new Error("gone"));
  const model = new PeopleFinder({ search, me: () => me, clock: new FakeClock() });
  model.begin();
  me = null;
  await settle();
  assert.deepEqual(model.options, []);
});

test("the switcher finds people, but nobody twice who has a chat already", async () => {
  const clock = new FakeClock();
  const person = (one) => ({ kind: "direct", room: `person:${one.id}`, name: one.name, person: one });
  const switcher = new Switcher({
    known: () => [chat("1", bob)],
    unreadOf: () => 0,
    search: async () => ({ found: [person(bob), person(carol)], complete: true }),
    clock,
  });
  switcher.begin();
  switcher.typed("o");
  clock.wind(200);
  await settle();
  assert.deepEqual(switcher.options.map(({ room }) => room), ["direct:1", `person:${carol.id}`]);
});

/** A page in a personal chat of `n` messages, of which it has those from `from` on. */
async function inChat({ n, from, unread, first }) {
  const room = "direct:1";
  const state = chat("1", bob, { n, seq: n, unread, read: n - unread, keeps: "all" });
  const messages = Array.from({ length: n - from + 1 }, (_, at) => message(from + at, { room }));
  const shown = { room, n, seq: n, messages, more: from > 1, first_unread: first, rooms: [state] };
  const withPages = { ...limits, history: 100, history_page: 10 };
  const tab = openTab({ state: page({ ...shown, limits: withPages }) });
  const { heard, network, session } = tab;
  const filled = () => heard.filter(({ name }) => name === "filled").length;
  connect(tab, { rooms: [state], limits: withPages, may: ["direct"] });
  await answerJoin(network.newest);
  return { filled, network, room, session };
}

async function answerHistory({ network, room }, first, last) {
  const { ref } = network.newest.last("history");
  const messages = Array.from({ length: last - first + 1 }, (_, at) => message(first + at, { room }));
  network.newest.say({ type: "history", ref, room, messages, more: first > 1 });
  await settle();
}

test("what is unread and did not come with the chat is fetched up to the line", async () => {
  const all = await inChat({ n: 300, from: 201, unread: 150, first: 151 });
  const { before, limit } = all.network.newest.last("history");
  assert.deepEqual([before, limit], [201, 100]);
  await answerHistory(all, 101, 200);
  assert.equal(all.network.newest.all("history").length, 1);
  assert.equal(all.session.timeline.oldest.n, 101);
  assert.equal(all.filled(), 1);
  assert.deepEqual(all.session.timeline.news, { n: 151, count: 150 });
});

test("a chat with nothing unread above fetches nothing by itself, and then ten at a time", async () => {
  const all = await inChat({ n: 60, from: 41, unread: 3, first: 58 });
  assert.equal(all.network.newest.all("history").length, 0);
  assert.deepEqual(all.session.timeline.news, { n: 58, count: 3 });
  const asking = all.session.older();
  assert.equal(all.network.newest.last("history").limit, 10);
  await answerHistory(all, 31, 40);
  await asking;
  assert.equal(all.session.timeline.oldest.n, 31);
  assert.equal(all.filled(), 0);
});

test("who comes and goes in a personal chat is no line in it", async () => {
  const { network, room, session } = await inChat({ n: 1, from: 1, unread: 0 });
  network.newest.say({ type: "presence", room, joined: [carol], left: [], renamed: [], count: 3 });
  assert.equal(session.presence.isHere(carol.id), true);
  assert.deepEqual(session.timeline.entries.map(({ kind }) => kind), ["message"]);
});
