import assert from "node:assert/strict";
import { test } from "node:test";

import { Check, Verdict } from "chat/models/check.js";
import { Crowd } from "chat/models/crowd.js";
import { Presence } from "chat/models/presence.js";
import { ReadMarker } from "chat/models/read_marker.js";
import { Rooms } from "chat/models/rooms.js";
import { Timelines } from "chat/models/timelines.js";
import { Unread } from "chat/models/unread.js";

import { alice, bob, carol, EPOCH, FakeClock, GENERAL, PIT, roomState, settle } from "./support.js";

// --- presence

test("news that come before the list are applied to it", () => {
  const presence = new Presence();
  const said = [];
  presence.on("news", ({ what, people }) => said.push([what, people[0].name]));
  presence.clear();
  presence.apply({ joined: [carol], count: 3 });
  assert.equal(presence.count, 0);
  presence.replace({ people: [alice, bob], count: 2 });
  assert.equal(presence.count, 3);
  assert.deepEqual(said, [["joined", "carol"]]);
});

test("somebody who is there already does not join", () => {
  const presence = new Presence();
  const said = [];
  presence.on("news", (news) => said.push(news));
  presence.replace({ people: [alice, bob], count: 2 });
  presence.apply({ joined: [bob], left: [], renamed: [], count: 2 });
  assert.deepEqual(said, []);
});

test("in a crowd only the count is told", () => {
  const presence = new Presence();
  presence.replace({ people: [alice], count: 300 });
  presence.apply({ joined: [], left: [], renamed: [], count: 301 });
  assert.equal(presence.count, 301);
});

/** A list of which somebody was told, who looks at it, and how often it was asked for. */
function crowd() {
  const [presence, clock] = [new Presence(), new FakeClock()];
  presence.replace({ people: [alice], count: 300 });
  const asked = [];
  const watched = new Crowd({ presence, ask: () => asked.push(clock.now()), clock, random: () => 0.5 });
  watched.watched = true;
  const changes = (count) => presence.apply({ joined: [], left: [], renamed: [], count });
  return { presence, clock, asked, watched, changes };
}

test("who looks at the list of a crowd has it asked for again, once for many changes", () => {
  const { clock, asked, changes } = crowd();
  changes(300);
  assert.equal(clock.pending, 0);
  changes(301);
  changes(299);
  clock.wind(9_999);
  assert.equal(asked.length, 0);
  clock.wind(1);
  assert.equal(asked.length, 1);
  assert.equal(clock.pending, 0);
  changes(298);
  clock.wind(10_000);
  assert.equal(asked.length, 2);
});

test("a list that nobody looks at is not asked for", () => {
  const { clock, asked, watched, changes } = crowd();
  changes(301);
  watched.watched = false;
  clock.wind(20_000);
  changes(302);
  assert.equal(clock.pending, 0);
  assert.deepEqual(asked, []);
});

test("a list that somebody followed further stays as it is, until it begins anew", () => {
  const { presence, clock, asked, changes } = crowd();
  presence.add({ people: [bob], count: 300 });
  changes(301);
  clock.wind(20_000);
  assert.deepEqual(asked, []);
  presence.replace({ people: [alice], count: 301 });
  changes(302);
  clock.wind(20_000);
  assert.equal(asked.length, 1);
});

test("where people are named the list is not asked for", () => {
  const { presence, clock } = crowd();
  presence.apply({ joined: [bob], left: [], renamed: [], count: 301 });
  presence.apply({ joined: [], left: [bob], renamed: [], count: 300 });
  assert.equal(clock.pending, 0);
});

// --- rooms and unread

test("the default channel stands first, the others by name; a new or renamed one takes its place", () => {
  const rooms = new Rooms([roomState("channel:zero"), roomState(GENERAL), roomState(PIT)]);
  const slugs = () => rooms.all.map(({ slug }) => slug);
  assert.deepEqual(slugs(), ["zero", "general-talk", "pit-crew"]);
  rooms.upsert(roomState("channel:new", { name: "New" }));
  assert.deepEqual(slugs(), ["zero", "general-talk", "new", "pit-crew"]);
  rooms.upsert({ ...roomState(PIT), name: "A pit" });
  assert.deepEqual(slugs(), ["zero", "pit-crew", "general-talk", "new"]);
});

test("a room that is not listed any more goes, but not the one that is shown", () => {
  const rooms = new Rooms([roomState(GENERAL), roomState(PIT), roomState("channel:old")]);
  rooms.replace([roomState(GENERAL)], PIT);
  assert.deepEqual(rooms.all.map(({ room }) => room), [GENERAL, PIT]);
});

test("a head that is known adds nothing", () => {
  const unread = new Unread([roomState(PIT, { n: 3, unread: 1 })]);
  unread.heads({ [PIT]: { epoch: EPOCH, seq: 9, n: 3 } });
  assert.equal(unread.of(PIT), 1);
  unread.heads({ [PIT]: { epoch: EPOCH, seq: 10, n: 5 } });
  assert.equal(unread.of(PIT), 3);
  assert.equal(unread.total, 3);
});

test("what another tab wrote or read is not unread when its head comes", () => {
  const unread = new Unread([roomState(PIT, { n: 3 })]);
  unread.read(PIT, { epoch: EPOCH, n: 4, unread: 0 });
  unread.heads({ [PIT]: { epoch: EPOCH, seq: 4, n: 4 } });
  assert.equal(unread.of(PIT), 0);
  unread.read(PIT, { epoch: "e0", n: 90, unread: 0 });
  unread.read(PIT, { epoch: EPOCH, n: 4, unread: 2 });
  unread.heads({ [PIT]: { epoch: EPOCH, seq: 6, n: 6 } });
  assert.equal(unread.of(PIT), 2);
});

test("a new life of a log begins to count anew", () => {
  const unread = new Unread([roomState(PIT, { n: 90, unread: 7 })]);
  unread.heads({ [PIT]: { epoch: "e2", seq: 2, n: 2 } });
  assert.equal(unread.of(PIT), 2);
});

test("a message that came while the server counted is counted once", () => {
  const unread = new Unread([roomState(PIT, { n: 4, read: 2, unread: 3 })]);
  unread.heads({ [PIT]: { epoch: EPOCH, seq: 6, n: 6 } });
  assert.equal(unread.of(PIT), 4);
  unread.learnNow(PIT, { epoch: EPOCH, n: 6, read: 2, unread: 5 });
  unread.entered(PIT, { epoch: EPOCH, n: 7 }, (known) => ({ own: 0, others: 7 - known }));
  assert.equal(unread.of(PIT), 5);
});

test("a channel that keeps more from now on has the same messages, and as many of them unread", () => {
  const rooms = [roomState(PIT, { n: 250, read: 250 }), roomState(GENERAL, { n: 40, read: 37, unread: 3 })];
  const unread = new Unread(rooms);
  unread.heads({ [PIT]: { epoch: "e2", seq: 300, n: 250 } });
  assert.deepEqual([unread.of(PIT), unread.readOf(PIT)], [0, 250]);
  unread.heads({ [PIT]: { epoch: "e2", seq: 302, n: 252 } });
  assert.equal(unread.of(PIT), 2);
  unread.entered(GENERAL, { epoch: "e2", n: 40 }, () => assert.fail("nothing came"));
  assert.deepEqual([unread.of(GENERAL), unread.readOf(GENERAL)], [3, 37]);
});

test("what was read of a log that came back older is not unread", () => {
  const unread = new Unread([roomState(PIT, { n: 5_000, read: 5_000 })]);
  unread.heads({ [PIT]: { epoch: "e2", seq: 6_000, n: 4_990 } });
  assert.equal(unread.of(PIT), 0);
  unread.heads({ [PIT]: { epoch: "e2", seq: 6_001, n: 4_991 } });
  assert.equal(unread.of(PIT), 1);
});

test("of a channel that came into the list later, what was said before is not unread", () => {
  const unread = new Unread();
  unread.heads({ [GENERAL]: { epoch: EPOCH, seq: 0, n: 0 }, [PIT]: { epoch: EPOCH, seq: 5_000, n: 5_000 } });
  unread.heads({ [PIT]: { epoch: EPOCH, seq: 5_002, n: 5_002 } });
  assert.equal(unread.of(PIT), 3);
  assert.equal(unread.total, 3);
});

test("posting reads the room", () => {
  const unread = new Unread([roomState(GENERAL)]);
  unread.message(GENERAL, 1, false);
  unread.message(GENERAL, 1, false);
  assert.equal(unread.of(GENERAL), 1);
  unread.message(GENERAL, 2, true);
  assert.equal(unread.of(GENERAL), 0);
});

test("only the rooms used last keep their timelines", () => {
  const timelines = new Timelines();
  for (let at = 0; at < 9; at += 1) timelines.enter(`channel:${at}`);
  assert.equal(timelines.has("channel:0"), false);
  assert.equal(timelines.has("channel:1"), true);
});

// --- read marker

function markerOf() {
  const clock = new FakeClock();
  const sent = [];
  const answers = [];
  const send = async (log, n) => {
    sent.push([log.room, n]);
    return answers.shift() ?? true;
  };
  const marker = new ReadMarker({ send, clock });
  marker.begin({ room: GENERAL, epoch: EPOCH }, 4);
  return { answers, clock, marker, sent };
}

test("reading is told at once, then at most once a second, and the last one always", () => {
  const { clock, marker, sent } = markerOf();
  for (const n of [5, 6, 7]) marker.seen(n);
  assert.deepEqual(sent, [[GENERAL, 5]]);
  clock.wind(1_000);
  assert.deepEqual(sent.at(-1), [GENERAL, 7]);
  clock.wind(5_000);
  assert.equal(sent.length, 2);
});

test("who leaves does not wait for a turn", () => {
  const { clock, marker, sent } = markerOf();
  marker.flush();
  for (const n of [5, 6, 7]) marker.seen(n);
  marker.flush();
  assert.deepEqual(sent, [[GENERAL, 5], [GENERAL, 7]]);
  clock.wind(5_000);
  assert.equal(sent.length, 2);
});

test("a marker never goes back", () => {
  const { marker, sent } = markerOf();
  marker.seen(4);
  marker.seen(3);
  assert.deepEqual(sent, []);
});

test("what was seen in the room before is told before the next one begins, and not of it", () => {
  const { clock, marker, sent } = markerOf();
  marker.seen(5);
  marker.seen(6);
  marker.begin({ room: PIT, epoch: EPOCH }, 0);
  clock.wind(5_000);
  assert.deepEqual(sent, [[GENERAL, 5], [GENERAL, 6]]);
});

test("what the server had no time for is told again", async () => {
  const { answers, clock, marker, sent } = markerOf();
  answers.push(false);
  marker.seen(5);
  await settle();
  clock.wind(1_000);
  assert.deepEqual(sent, [[GENERAL, 5], [GENERAL, 5]]);
  await settle();
  clock.wind(5_000);
  assert.equal(sent.length, 2);
});

// --- checking a name while it is typed

function checkOf() {
  const clock = new FakeClock();
  const asked = [];
  const ask = (value, signal) =>
    new Promise((resolve, reject) => asked.push({ value, signal, resolve, reject }));
  return { asked, check: new Check({ ask, clock }), clock };
}

test("a name is asked about 250 ms after the last key, once", () => {
  const { asked, check, clock } = checkOf();
  for (const value of ["I", "In", "Ine"]) {
    check.typed(value);
    clock.wind(249);
  }
  assert.equal(asked.length, 0);
  clock.wind(1);
  assert.deepEqual(asked.map(({ value }) => value), ["Ine"]);
});

test("it is only called slow after 300 ms", async () => {
  const { asked, check, clock } = checkOf();
  check.typed("Ines");
  clock.wind(250 + 299);
  assert.equal(check.slow, false);
  clock.wind(1);
  assert.equal(check.slow, true);
  asked[0].resolve({ available: true });
  await settle();
  assert.deepEqual([check.slow, check.verdict, check.ready], [false, Verdict.FREE, true]);
});

test("an answer to an older question does not count", async () => {
  const { asked, check, clock } = checkOf();
  check.typed("Oskar");
  clock.wind(250);
  check.typed("Oskar B");
  assert.equal(asked[0].signal.aborted, true);
  clock.wind(250);
  asked[1].resolve({ available: true });
  await settle();
  asked[0].resolve({ available: false, code: "name_taken" });
  await settle();
  assert.equal(check.verdict, Verdict.FREE);
});

for (const [code, verdict] of [
  ["name_taken", Verdict.TAKEN],
  ["invalid_name", Verdict.INVALID],
  ["name_yours", Verdict.YOURS],
]) {
  test(`${code} is told apart`, async () => {
    const { asked, check, clock } = checkOf();
    check.typed("x");
    clock.wind(250);
    asked[0].resolve({ available: false, code, detail: "why" });
    await settle();
    assert.deepEqual([check.verdict, check.ready, check.answer.detail], [verdict, false, "why"]);
  });
}

test("a question that does not get through leaves the form usable", async () => {
  const { asked, check, clock } = checkOf();
  check.typed("Ines");
  clock.wind(250);
  asked[0].reject(new TypeError("Failed to fetch"));
  await settle();
  assert.deepEqual([check.verdict, check.ready], [Verdict.UNKNOWN, true]);
});

test("blank names are not asked about", () => {
  const { asked, check, clock } = checkOf();
  check.typed(" \u200b\u3164 ");
  clock.wind(1_000);
  assert.equal(asked.length, 0);
  assert.deepEqual([check.verdict, check.ready], [Verdict.EMPTY, false]);
});

// --- more people, more rooms

test("more of a long list of people are added, and nobody is said to have joined", () => {
  const presence = new Presence();
  const said = [];
  presence.on("news", (news) => said.push(news));
  presence.replace({ people: [alice], count: 3 });
  assert.equal(presence.lastListed, alice.id);
  presence.add({ people: [bob, carol], count: 3 });
  assert.deepEqual([presence.people.length, presence.lastListed], [3, carol.id]);
  assert.deepEqual(said, []);
});

test("a room that is found brings its count, one that is listed keeps its own", () => {
  const unread = new Unread([roomState(PIT, { n: 3, unread: 1 })]);
  unread.learn(roomState("channel:far", { n: 9, unread: 4 }));
  unread.learn(roomState(PIT, { n: 3, unread: 3 }));
  assert.deepEqual([unread.of("channel:far"), unread.of(PIT)], [4, 1]);
});
