import assert from "node:assert/strict";
import { test } from "node:test";

import { rowsOf } from "chat/models/rows.js";
import { Unsent } from "chat/models/outbox.js";

import { alice, bob, carol, message } from "./support.js";

const MINUTE = 60_000;
const T0 = Date.UTC(2026, 2, 14, 9, 0);
const dayOf = (ts) => new Date(ts).toISOString().slice(0, 10);

const entry = (n, author, ts, more = {}) => ({
  kind: "message",
  message: message(n, { author, ts, ...more }),
  revision: 0,
  live: false,
});

const rows = (entries, more = {}) => rowsOf({ entries, me: alice, dayOf, ...more });
const shape = (list) => list.map((row) => (row.kind === "message" ? row.message.n : row.kind));

test("messages of one author within five minutes are a group", () => {
  const [, first, second, third] = rows([
    entry(1, bob, T0),
    entry(2, bob, T0 + MINUTE),
    entry(3, bob, T0 + 7 * MINUTE),
  ]);
  assert.deepEqual([first.start, first.end], [true, false]);
  assert.deepEqual([second.start, second.end], [false, true]);
  assert.deepEqual([third.start, third.end], [true, true]);
});

test("another sender, another name, or an announcement begins a new group", () => {
  const announcement = { kind: "announcement", key: "a", what: "joined", people: [carol], ts: T0 };
  const starts = rows([
    entry(1, bob, T0),
    entry(2, carol, T0 + 1),
    entry(3, carol, T0 + 2),
    announcement,
    entry(4, carol, T0 + 3),
    entry(5, { ...carol, name: "Caroline" }, T0 + 4),
  ]).filter(({ kind }) => kind === "message");
  assert.deepEqual(starts.map(({ start }) => start), [true, true, false, true, true]);
});

test("each day has its line, and begins a group", () => {
  const late = Date.UTC(2026, 2, 14, 23, 59);
  const list = rows([entry(1, bob, late), entry(2, bob, late + 2 * MINUTE)]);
  assert.deepEqual(shape(list), ["day", 1, "day", 2]);
  assert.equal(list[3].start, true);
});

test("a clock that goes before or after the server's brings no day twice", () => {
  const late = Date.UTC(2026, 2, 14, 23, 59);
  const announcement = (ts) => ({ kind: "announcement", key: `a${ts}`, what: "joined", people: [carol], ts });
  const ahead = [entry(1, bob, late), announcement(late + 2 * MINUTE), entry(2, bob, late + 1)];
  assert.deepEqual(shape(rows(ahead)), ["day", 1, "day", "announcement", 2]);
  const behind = [entry(1, bob, late + 2 * MINUTE), announcement(late), entry(2, bob, late + 3 * MINUTE)];
  assert.deepEqual(shape(rows(behind)), ["day", 1, "announcement", 2]);
});

test("the line for new messages stands before the first of them", () => {
  const entries = [entry(1, bob, T0), entry(2, bob, T0), entry(3, bob, T0)];
  const list = rows(entries, { news: { n: 2, count: 2 } });
  assert.deepEqual(shape(list), ["day", 1, "news", 2, 3]);
  assert.equal(list[3].start, true);
});

test("own messages are mine, and keep their key from the outbox into the room", () => {
  const unsent = { cid: "c9", body: "hi", ts: T0, state: Unsent.WAITING, error: null, revision: 0 };
  const pending = rows([], { unsent: [unsent] }).at(-1);
  const stored = rows([entry(9, alice, T0)]).at(-1);
  assert.equal(pending.own, true);
  assert.equal(pending.state, Unsent.WAITING);
  assert.equal(stored.state, "stored");
  assert.equal(pending.key, stored.key);
});

test("what was written after a message that was not sent keeps its place under it", () => {
  const unsent = (cid) => ({ cid, body: cid, ts: T0, state: Unsent.FAILED, error: "invalid", revision: 0 });
  const above = new Map([["f1", "c2"], ["f2", "c2"], ["f3", "gone"]]);
  const entries = [entry(1, bob, T0), entry(2, alice, T0), entry(3, bob, T0)];
  const list = rows(entries, { unsent: ["f1", "f2", "f3", "f4"].map(unsent), above });
  const cids = list.filter(({ kind }) => kind === "message").map(({ message: { cid } }) => cid);
  assert.deepEqual(cids, ["c1", "f1", "f2", "c2", "c3", "f3", "f4"]);
});

test("a cid of somebody else is not a key of mine", () => {
  assert.equal(rows([entry(9, bob, T0)]).at(-1).key, "m9");
});

test("an old message says who its author is now", () => {
  const names = new Map([[bob.id, "Robert"]]);
  const [, old, now] = rows(
    [entry(1, bob, T0), entry(2, { ...bob, name: "Robert" }, T0)],
    { names },
  );
  assert.equal(old.nameNow, "Robert");
  assert.equal(now.nameNow, null);
});

test("reactions say who, and which are mine", () => {
  const names = new Map([[bob.id, "Robert"]]);
  const reactions = [{ emoji: "🎉", count: 2, by: [bob.id, alice.id] }];
  const [, row] = rows([entry(1, bob, T0, { reactions })], { nameOf: (id) => names.get(id) });
  assert.deepEqual(row.reactions, [{ emoji: "🎉", count: 2, own: true, who: "You and Robert" }]);
});

test("what somebody does to a message is laid over it", () => {
  const changes = {
    reactionsOf: () => [{ emoji: "👍", count: 1, by: [alice.id] }],
    leavingOf: (id) => (id === "m1" ? "undoable" : undefined),
    problemOf: () => "Not added.",
  };
  const [, row] = rows([entry(1, alice, T0)], { changes });
  assert.deepEqual([row.leaving, row.problem, row.reactions[0].emoji], ["undoable", "Not added.", "👍"]);
});

test("a reply on its way shows what it answers", () => {
  const quote = { id: "m1", author: bob, excerpt: "message 1" };
  const unsent = { cid: "c9", room: "r", body: "yes", ts: T0, state: Unsent.WAITING, revision: 0, quote };
  assert.equal(rows([], { unsent: [unsent] }).at(-1).message.reply_to, quote);
});
