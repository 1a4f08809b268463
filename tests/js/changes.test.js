import assert from "node:assert/strict";
import { test } from "node:test";

import { Changes } from "chat/changes.js";
import { isMine, PendingReactions, whoReacted, withReaction } from "chat/models/reactions.js";
import { ReplyError } from "chat/protocol.js";
import { Storage } from "chat/storage.js";

import { alice, bob, carol, FakeArea, FakeClock, GENERAL, message, settle } from "./support.js";

const PARTY = "🎉";

function setUp() {
  const clock = new FakeClock();
  const asked = [];
  const ask = (type, fields) =>
    new Promise((resolve, reject) => asked.push({ type, ...fields, resolve, reject }));
  const known = { seq: 10 };
  const storage = new Storage(new FakeArea());
  const changes = new Changes({ ask, clock, storage, me: alice.id, seqOf: () => known.seq });
  changes.open();
  return { asked, changes, clock, known };
}

const of = (...by) => ({ emoji: PARTY, count: by.length, by });
const reacted = (reactions) => message(1, { reactions });

// --- reactions

test("a reaction shows before the server has it", () => {
  const { asked, changes } = setUp();
  const one = reacted([of(bob.id)]);
  changes.react(one, PARTY);
  assert.deepEqual(changes.reactionsOf(one), [of(bob.id, alice.id)]);
  assert.deepEqual([asked[0].type, asked[0].emoji, asked[0].on], ["react", PARTY, true]);
});

test("it stays between the answer and the event, and then the event counts", async () => {
  const { asked, changes, known } = setUp();
  const before = reacted([]);
  changes.react(before, PARTY);
  asked[0].resolve({ seq: 11 });
  await settle();
  assert.deepEqual(changes.reactionsOf(before), [of(alice.id)]);
  known.seq = 11;
  const after = reacted([of(alice.id)]);
  assert.deepEqual(changes.reactionsOf(after), [of(alice.id)]);
  // Taken away in another tab.
  known.seq = 12;
  assert.deepEqual(changes.reactionsOf(reacted([])), []);
});

test("pressed again it is taken away, also while the first is on its way", () => {
  const { asked, changes } = setUp();
  const one = reacted([]);
  changes.react(one, PARTY);
  changes.react(one, PARTY);
  assert.deepEqual(asked.map(({ on }) => on), [true, false]);
  assert.deepEqual(changes.reactionsOf(one), []);
});

test("a refused reaction goes, and the message says why for a while", async () => {
  const { asked, changes, clock } = setUp();
  const one = reacted([]);
  changes.react(one, PARTY);
  asked[0].reject(new ReplyError("too_long", "A message has at most 20 kinds of reaction."));
  await settle();
  assert.deepEqual(changes.reactionsOf(one), []);
  assert.equal(changes.problemOf("m1"), "Not added. A message has at most 20 kinds of reaction.");
  clock.wind(60_000);
  assert.equal(changes.problemOf("m1"), undefined);
});

test("an answer to the first press does not undo the second", async () => {
  const { asked, changes } = setUp();
  const one = reacted([]);
  changes.react(one, PARTY);
  changes.react(one, PARTY);
  changes.react(one, PARTY);
  asked[0].reject(new ReplyError("rate_limited"));
  await settle();
  assert.deepEqual(changes.reactionsOf(one), [of(alice.id)]);
});

test("what the server says was so already is over at once", () => {
  const pending = new PendingReactions();
  pending.stored(pending.want("m1", PARTY, true));
  assert.deepEqual(pending.over(reacted([]), alice.id, 0), []);
});

test("a reaction of nobody is not shown", () => {
  const gone = { emoji: PARTY, by: bob.id, on: false, count: 0 };
  assert.deepEqual(withReaction([of(bob.id)], gone), []);
  assert.deepEqual(withReaction([], gone), []);
});

test("my reaction is mine under this emoji only", () => {
  assert.equal(isMine([of(alice.id)], PARTY, alice.id), true);
  assert.equal(isMine([of(alice.id)], "👍", alice.id), false);
});

test("who reacted is told by name, oneself first", () => {
  const names = new Map([
    [bob.id, "bob"],
    [carol.id, "carol"],
  ]);
  const who = (reaction) => whoReacted(reaction, alice.id, (id) => names.get(id));
  assert.equal(who(of(bob.id)), "bob");
  assert.equal(who(of(bob.id, alice.id)), "You and bob");
  assert.equal(who(of(bob.id, carol.id, alice.id)), "You, bob and carol");
  assert.equal(who(of(bob.id, "stranger")), "bob and 1 other");
  assert.equal(who(of("stranger")), "1 person");
  assert.equal(who({ emoji: PARTY, count: 300, by: [bob.id] }), "bob and 299 others");
});

// --- edits and deletions

test("an edit is over when the server has it", async () => {
  const { asked, changes } = setUp();
  let saved = false;
  const saving = changes.edit(GENERAL, "m1", "better").then(() => (saved = true));
  await settle();
  assert.equal(saved, false);
  const { type, room, id, body } = asked[0];
  assert.deepEqual([type, room, id, body], ["edit", GENERAL, "m1", "better"]);
  asked[0].resolve({ seq: 11 });
  await saving;
});

test("a refused deletion says so at the message", async () => {
  const { asked, changes } = setUp();
  changes.delete(message(1));
  changes.commit();
  assert.equal(asked[0].type, "delete");
  asked[0].reject(new ReplyError("forbidden", "This channel is archived."));
  await settle();
  assert.equal(changes.leavingOf("m1"), undefined);
  assert.equal(changes.problemOf("m1"), "Not deleted. This channel is archived.");
});
