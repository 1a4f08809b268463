import assert from "node:assert/strict";
import { test } from "node:test";

import { Deletions, Leaving, UNDO_MS } from "chat/models/deletions.js";
import { ReplyError } from "chat/protocol.js";
import { Storage } from "chat/storage.js";

import { alice, FakeArea, FakeClock, GENERAL, settle } from "./support.js";

function setUp({ area = new FakeArea(), clock = new FakeClock(), open = true } = {}) {
  const sent = [];
  const send = (room, id) =>
    new Promise((resolve, reject) => sent.push({ room, id, resolve, reject }));
  const deletions = new Deletions({ storage: new Storage(area), personId: alice.id, clock, send });
  if (open) deletions.open();
  return { area, clock, deletions, sent };
}

const refusal = (code, retryAfter) => new ReplyError(code, "", retryAfter);

test("a deletion is told when the time to undo is over, once", async () => {
  const { clock, deletions, sent } = setUp();
  deletions.begin(GENERAL, "m1");
  deletions.begin(GENERAL, "m1");
  clock.wind(UNDO_MS - 1);
  assert.equal(sent.length, 0);
  assert.equal(deletions.stateOf("m1"), Leaving.UNDOABLE);
  clock.wind(1);
  assert.deepEqual([sent.length, sent[0].room, sent[0].id], [1, GENERAL, "m1"]);
  assert.equal(deletions.stateOf("m1"), Leaving.SENDING);
  sent[0].resolve({});
  await settle();
  assert.equal(deletions.stateOf("m1"), Leaving.DONE);
});

test("what is taken back is never told", () => {
  const { area, clock, deletions, sent } = setUp();
  deletions.begin(GENERAL, "m1");
  assert.equal(deletions.undo("m1"), true);
  clock.wind(60_000);
  assert.equal(sent.length, 0);
  assert.equal(deletions.stateOf("m1"), undefined);
  assert.equal(area.length, 0);
});

test("what is on its way cannot be taken back", () => {
  const { deletions } = setUp();
  deletions.begin(GENERAL, "m1");
  deletions.commit();
  assert.equal(deletions.undo("m1"), false);
  assert.equal(deletions.undo("never begun"), false);
});

test("leaving does not wait for the time to be over", () => {
  const { clock, deletions, sent } = setUp();
  deletions.begin(GENERAL, "m1");
  deletions.begin(GENERAL, "m2");
  deletions.commit();
  assert.deepEqual(sent.map(({ id }) => id), ["m1", "m2"]);
  clock.wind(60_000);
  assert.equal(sent.length, 2);
});

test("without a connection it waits, and can still be taken back", async () => {
  const { clock, deletions, sent } = setUp({ open: false });
  deletions.begin(GENERAL, "m1");
  deletions.begin(GENERAL, "m2");
  clock.wind(UNDO_MS);
  assert.equal(deletions.stateOf("m1"), Leaving.WAITING);
  assert.equal(deletions.undo("m1"), true);
  deletions.open();
  assert.deepEqual(sent.map(({ id }) => id), ["m2"]);
});

test("a connection that goes before the answer comes does not lose it", async () => {
  const { deletions, sent } = setUp();
  deletions.begin(GENERAL, "m1");
  deletions.commit();
  deletions.close();
  sent[0].reject(refusal("disconnected"));
  await settle();
  assert.equal(deletions.stateOf("m1"), Leaving.WAITING);
  deletions.open();
  assert.equal(sent.length, 2);
});

test("a rate limit is waited out", async () => {
  const { clock, deletions, sent } = setUp();
  deletions.begin(GENERAL, "m1");
  deletions.commit();
  sent[0].reject(refusal("rate_limited", 1.5));
  await settle();
  clock.wind(1_499);
  assert.equal(sent.length, 1);
  clock.wind(1);
  assert.equal(sent.length, 2);
});

test("a message that is gone already is deleted", async () => {
  const { deletions, sent } = setUp();
  deletions.begin(GENERAL, "m1");
  deletions.commit();
  sent[0].reject(refusal("not_found"));
  await settle();
  assert.equal(deletions.stateOf("m1"), Leaving.DONE);
});

test("a message that may not be deleted comes back, with the reason", async () => {
  const { area, deletions, sent } = setUp();
  const refused = [];
  deletions.on("refused", (detail) => refused.push(detail));
  deletions.begin(GENERAL, "m1");
  deletions.commit();
  sent[0].reject(refusal("forbidden"));
  await settle();
  assert.equal(deletions.stateOf("m1"), undefined);
  assert.deepEqual([refused[0].id, refused[0].error.code], ["m1", "forbidden"]);
  assert.equal(area.length, 0);
});

test("a page that was left half-way does the rest when it comes back", async () => {
  const before = setUp();
  before.deletions.begin(GENERAL, "m1");
  before.deletions.commit();
  const after = setUp({ area: before.area, clock: before.clock });
  assert.equal(after.deletions.stateOf("m1"), Leaving.UNDOABLE);
  after.clock.wind(60_000);
  assert.deepEqual(after.sent.map(({ id }) => id), ["m1"]);
  after.sent[0].resolve({});
  await settle();
  assert.equal(after.area.length, 0);
});

test("another tab leaves the decision to the one that began", async () => {
  const first = setUp();
  first.deletions.begin(GENERAL, "m1");
  const second = setUp({ area: first.area, clock: first.clock });
  second.deletions.commit();
  assert.equal(second.sent.length, 0);
  first.deletions.undo("m1");
  second.clock.wind(60_000);
  assert.equal(second.sent.length, 0);
  assert.equal(second.deletions.stateOf("m1"), undefined);
});

test("where nothing can be kept it still works", async () => {
  const clock = new FakeClock();
  const sent = [];
  const send = async (_, id) => sent.push(id);
  const deletions = new Deletions({ storage: new Storage(null), personId: alice.id, clock, send });
  deletions.open();
  deletions.begin(GENERAL, "m1");
  clock.wind(UNDO_MS);
  assert.deepEqual(sent, ["m1"]);
});
