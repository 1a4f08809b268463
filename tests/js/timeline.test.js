import assert from "node:assert/strict";
import { test } from "node:test";

import { Applied, Timeline } from "chat/models/timeline.js";

import { alice, bob, carol, EPOCH, GENERAL, message, messageEvent } from "./support.js";

function timelineOf(count) {
  const timeline = new Timeline(GENERAL);
  const messages = Array.from({ length: count }, (_, at) => message(at + 1));
  timeline.reset({ epoch: EPOCH, seq: count, n: count, messages });
  return timeline;
}

const ids = (timeline) => timeline.messages.map(({ id }) => id);
const event = (kind, seq, more) => ({ type: "event", room: GENERAL, seq, kind, ...more });

test("events are applied in the order of seq", () => {
  const timeline = timelineOf(1);
  assert.equal(timeline.apply(messageEvent(2)), Applied.NEXT);
  assert.equal(timeline.apply(messageEvent(3)), Applied.NEXT);
  assert.deepEqual(ids(timeline), ["m1", "m2", "m3"]);
  assert.deepEqual(timeline.at, { epoch: EPOCH, seq: 3 });
});

test("an event that was applied is dropped when it comes again", () => {
  const timeline = timelineOf(2);
  assert.equal(timeline.apply(messageEvent(2)), Applied.OLD);
  assert.equal(timeline.apply(messageEvent(1)), Applied.OLD);
  assert.deepEqual(ids(timeline), ["m1", "m2"]);
});

test("an event that comes too early is a gap, and is applied when the missing one has come", () => {
  const timeline = timelineOf(1);
  assert.equal(timeline.apply(messageEvent(4)), Applied.GAP);
  assert.equal(timeline.apply(messageEvent(3)), Applied.GAP);
  assert.deepEqual(ids(timeline), ["m1"]);
  assert.equal(timeline.incomplete, true);
  assert.equal(timeline.apply(messageEvent(2)), Applied.NEXT);
  assert.deepEqual(ids(timeline), ["m1", "m2", "m3", "m4"]);
  assert.equal(timeline.incomplete, false);
});

test("a resumed join fills the gap, and held events follow", () => {
  const timeline = timelineOf(1);
  timeline.apply(messageEvent(5));
  const events = [messageEvent(2), messageEvent(3), messageEvent(4)];
  assert.equal(timeline.catchUp({ epoch: EPOCH, seq: 4, n: 4, events }), 4);
  assert.deepEqual(ids(timeline), ["m1", "m2", "m3", "m4", "m5"]);
});

test("before the first snapshot nothing is applied, and nothing is lost", () => {
  const timeline = new Timeline(GENERAL);
  assert.equal(timeline.at, undefined);
  assert.equal(timeline.apply(messageEvent(3)), Applied.GAP);
  timeline.reset({ epoch: EPOCH, seq: 2, n: 2, messages: [message(1), message(2)] });
  assert.deepEqual(ids(timeline), ["m1", "m2", "m3"]);
});

test("a reset to another epoch forgets what was held for the old one", () => {
  const timeline = timelineOf(1);
  timeline.apply(messageEvent(3));
  const news = timeline.reset({ epoch: "e2", seq: 2, n: 2, messages: [message(2, { seq: 2 })] });
  assert.deepEqual(ids(timeline), ["m2"]);
  assert.equal(news, 1);
  assert.deepEqual(timeline.at, { epoch: "e2", seq: 2 });
});

test("a reset within the epoch tells how many messages are new", () => {
  const timeline = timelineOf(3);
  const messages = [message(3), message(4), message(5)];
  assert.equal(timeline.reset({ epoch: EPOCH, seq: 9, n: 5, messages }), 2);
});

test("edits change the body and say so", () => {
  const timeline = timelineOf(2);
  timeline.apply(event("edit", 3, { id: "m1", body: "better", edited_at: 5 }));
  assert.equal(timeline.find("m1").body, "better");
  assert.equal(timeline.find("m1").edited_at, 5);
});

test("a text that a reset brings is not taken for the one that was there", () => {
  const timeline = timelineOf(2);
  const revisions = () => timeline.entries.map(({ revision }) => revision);
  const reset = (seq, body) =>
    timeline.reset({ epoch: EPOCH, seq, n: 2, messages: [message(1, { body }), message(2)] });
  const before = revisions();
  timeline.apply(event("edit", 3, { id: "m1", body: "better", edited_at: 5 }));
  const edited = revisions();
  reset(4, "best");
  const known = new Set([...before, ...edited]);
  assert.equal(edited[1], before[1]);
  assert.equal(known.size, 3);
  assert.ok(revisions().every((revision) => !known.has(revision)));
});

test("a deleted message is gone, and its number is not", () => {
  const timeline = timelineOf(2);
  timeline.apply(event("delete", 3, { id: "m2" }));
  assert.deepEqual(ids(timeline), ["m1"]);
  assert.equal(timeline.seq, 3);
  assert.equal(timeline.n, 2);
});

test("a message that is deleted in a replay takes its number and shows nothing", () => {
  const timeline = timelineOf(1);
  timeline.catchUp({
    epoch: EPOCH,
    seq: 3,
    n: 2,
    events: [messageEvent(2, { deleted: true, body: "" }), event("delete", 3, { id: "m2" })],
  });
  assert.deepEqual(ids(timeline), ["m1"]);
  assert.equal(timeline.n, 2);
});

test("reactions follow the count of the event, so that a second copy changes nothing", () => {
  const timeline = timelineOf(1);
  const react = (seq, by, on, count) =>
    timeline.apply(event("reaction", seq, { id: "m1", emoji: "🎉", by, on, count }));
  react(2, bob.id, true, 1);
  react(3, carol.id, true, 2);
  react(4, carol.id, true, 2);
  assert.deepEqual(timeline.find("m1").reactions, [
    { emoji: "🎉", count: 2, by: [bob.id, carol.id] },
  ]);
  react(5, bob.id, false, 1);
  react(6, carol.id, false, 0);
  assert.deepEqual(timeline.find("m1").reactions, []);
});

test("events about messages that are not held only take their number", () => {
  const timeline = timelineOf(1);
  timeline.apply(event("edit", 2, { id: "gone", body: "x", edited_at: 1 }));
  timeline.apply(event("reaction", 3, { id: "gone", emoji: "🎉", by: "x", on: true, count: 1 }));
  timeline.apply(event("delete", 4, { id: "gone" }));
  timeline.apply(event("of the future", 5, {}));
  assert.equal(timeline.seq, 5);
  assert.deepEqual(ids(timeline), ["m1"]);
});

test("the 101st message stands beside the hundred before it until the page is loaded again", () => {
  const timeline = timelineOf(100);
  timeline.apply(messageEvent(101));
  assert.equal(timeline.messages.length, 101);
});

test("a page that stays open for days does not grow without end", () => {
  const timeline = timelineOf(1);
  for (let n = 2; n <= 700; n += 1) timeline.apply(messageEvent(n));
  assert.equal(timeline.messages.length, 500);
  assert.equal(timeline.messages.at(-1).id, "m700");
  assert.equal(timeline.more, true);
});

test("nothing goes from over somebody who reads further up, until they are back", () => {
  const timeline = timelineOf(1);
  timeline.readBack = true;
  for (let n = 2; n <= 2_100; n += 1) timeline.apply(messageEvent(n));
  assert.equal(timeline.messages.length, 2_000);
  timeline.readBack = false;
  timeline.apply(messageEvent(2_101));
  assert.equal(timeline.messages.length, 500);
});

test("what was caught up with does not grow without end either", () => {
  const timeline = timelineOf(300);
  const events = Array.from({ length: 400 }, (_, at) => messageEvent(301 + at));
  timeline.catchUp({ epoch: EPOCH, seq: 700, n: 700, events });
  assert.equal(timeline.messages.length, 500);
});

test("of thousands who came and went, those who wrote here keep their names", () => {
  const timeline = timelineOf(2);
  timeline.rename({ id: bob.id, name: "robert" });
  for (let one = 0; one < 5_000; one += 1) timeline.rename({ id: `guest-${one}`, name: `guest ${one}` });
  assert.equal(timeline.names.get(bob.id), "robert");
  assert.equal(timeline.names.get("guest-4999"), "guest 4999");
  assert.ok(timeline.names.size <= 1_001);
});

test("a message that stands above what was fetched is not gone", () => {
  const timeline = new Timeline(GENERAL);
  timeline.reset({ epoch: EPOCH, seq: 9, n: 9, messages: [message(5), message(9)], more: true });
  assert.deepEqual([3, 5, 7].map((n) => timeline.isGone(`m${n}`, n)), [false, false, true]);
  timeline.more = false;
  assert.equal(timeline.isGone("m3", 3), true);
});

test("older messages come before, each once", () => {
  const timeline = new Timeline(GENERAL);
  timeline.reset({ epoch: EPOCH, seq: 5, n: 5, messages: [message(4), message(5)], more: true });
  timeline.prepend([message(2), message(3), message(4)], false);
  assert.deepEqual(ids(timeline), ["m2", "m3", "m4", "m5"]);
  assert.equal(timeline.more, false);
});

const deleted = (n) => message(n, { deleted: true, body: "" });

test("what was deleted is known from its number on, also where nothing else is", () => {
  const timeline = new Timeline(GENERAL);
  timeline.reset({ epoch: EPOCH, seq: 9, n: 9, messages: [deleted(8), deleted(9)], more: true });
  assert.deepEqual([timeline.first, timeline.isEmpty], [8, false]);
  timeline.prepend([deleted(6), deleted(7)], true);
  assert.deepEqual([timeline.first, timeline.isGone("m7", 7), timeline.isGone("m5", 5)], [6, true, false]);
  timeline.prepend([deleted(5)], false);
  assert.deepEqual([timeline.first, timeline.isEmpty], [5, true]);
});

test("what went from the top of a long page is known no longer", () => {
  const timeline = timelineOf(1);
  for (let n = 2; n <= 700; n += 1) timeline.apply(messageEvent(n));
  assert.equal(timeline.first, 201);
});

test("people who come together are announced together", () => {
  const timeline = timelineOf(1);
  timeline.announce("joined", [bob], 1_000);
  timeline.announce("joined", [carol, bob], 2_000);
  timeline.announce("left", [bob], 3_000);
  const said = timeline.entries.slice(1).map(({ what, people }) => [what, people.length]);
  assert.deepEqual(said, [["joined", 2], ["left", 1]]);
});

test("announcements do not push out the conversation", () => {
  const timeline = timelineOf(3);
  for (let at = 0; at < 100; at += 1) timeline.announce(at % 2 ? "left" : "joined", [bob], at);
  assert.equal(timeline.messages.length, 3);
  assert.equal(timeline.entries.length, 3 + 40);
});

test("the names of people who renamed are known", () => {
  const timeline = new Timeline(GENERAL);
  timeline.reset({ epoch: EPOCH, seq: 0, n: 0, messages: [], names: { [bob.id]: "Robert" } });
  timeline.rename({ ...alice, name: "anna" });
  assert.equal(timeline.names.get(bob.id), "Robert");
  assert.equal(timeline.names.get(alice.id), "anna");
});

// --- the line "new"

test("the line stands before the first that was missed, and counts on while nobody looks", () => {
  const timeline = timelineOf(3);
  timeline.missed(4, 3);
  timeline.missed(5, 3);
  assert.deepEqual(timeline.news, { n: 4, count: 2 });
  timeline.noticed();
  assert.deepEqual(timeline.news, { n: 4, count: 2 });
});

test("when all was read, the next absence draws a new line", () => {
  const timeline = timelineOf(3);
  timeline.missed(4, 3);
  timeline.noticed();
  timeline.missed(6, 5);
  assert.deepEqual(timeline.news, { n: 6, count: 1 });
});

test("what was not read yet keeps the line where it is", () => {
  const timeline = timelineOf(9);
  timeline.markNews(5, 5);
  timeline.noticed();
  timeline.missed(10, 6);
  assert.deepEqual(timeline.news, { n: 5, count: 6 });
});

test("the line of a log that is gone does not stand in the next one", () => {
  const timeline = timelineOf(9);
  timeline.markNews(5, 5);
  timeline.reset({ epoch: EPOCH, seq: 9, n: 9, messages: [message(9)] });
  assert.deepEqual(timeline.news, { n: 5, count: 5 });
  timeline.reset({ epoch: "e2", seq: 0, n: 0, messages: [] });
  assert.equal(timeline.news, null);
});

test("the first of the last unread messages of others is found by their number", () => {
  const timeline = new Timeline(GENERAL);
  const messages = [message(1), message(2, { author: alice }), message(4), message(5)];
  timeline.reset({ epoch: EPOCH, seq: 5, n: 5, messages });
  assert.equal(timeline.firstOfLast(2, alice.id), 4);
  assert.equal(timeline.firstOfLast(3, alice.id), 1);
  assert.equal(timeline.firstOfLast(50, alice.id), 1);
  assert.equal(timeline.firstOfLast(0, alice.id), 0);
  assert.equal(new Timeline(GENERAL).firstOfLast(3, alice.id), 0);
});
