import assert from "node:assert/strict";
import { test } from "node:test";

import { Outbox, Unsent } from "chat/models/outbox.js";
import { Storage } from "chat/storage.js";

import { alice, bob, FakeArea, GENERAL, PIT } from "./support.js";

const NOW = 1_700_000_000_000;
const HOUR = 3_600_000;

const open = (area, { person = alice, now = NOW } = {}) =>
  new Outbox({ storage: new Storage(area), personId: person.id, now });

const entry = (cid, more = {}) => ({ cid, room: GENERAL, body: `body of ${cid}`, ts: NOW, ...more });

test("what waits outlives the page, in its order, with its cid", () => {
  const area = new FakeArea();
  const before = open(area);
  before.add(entry("b", { ts: NOW }));
  before.add(entry("a", { ts: NOW + 1 }));
  const after = open(area);
  assert.deepEqual(after.inRoom(GENERAL).map(({ cid, body }) => [cid, body]), [
    ["b", "body of b"],
    ["a", "body of a"],
  ]);
  assert.equal(after.next.cid, "b");
});

test("another person on this browser does not see it", () => {
  const area = new FakeArea();
  open(area).add(entry("a"));
  assert.equal(open(area, { person: bob }).size, 0);
});

test("who would lose something is told how much", () => {
  const outbox = open(new FakeArea());
  assert.equal(outbox.lossWords, "");
  outbox.add(entry("a"));
  assert.equal(outbox.lossWords, "1 message is not sent and will be lost.");
  outbox.add(entry("b"));
  outbox.failed("b", "forbidden");
  assert.equal(outbox.lossWords, "2 messages are not sent and will be lost.");
  outbox.acknowledged("a", { ts: NOW, seq: 1 });
  outbox.remove("b");
  assert.equal(outbox.lossWords, "");
});

test("who would lose what another tab has not sent is told of that, too", () => {
  const area = new FakeArea();
  const one = open(area);
  const two = open(area);
  two.add(entry("a"));
  assert.equal(one.lossWords, "1 message is not sent and will be lost.");
  one.add(entry("b"));
  assert.equal(one.lossWords, "2 messages are not sent and will be lost.");
  area.setItem(`chat:${alice.id}:outbox:damaged`, "{");
  two.remove("a");
  one.remove("b");
  assert.equal(one.lossWords, "");
});

test("what another tab kept is taken up in the order of writing, and what is known already stays as it is", () => {
  const area = new FakeArea();
  const one = open(area);
  const two = open(area);
  one.add(entry("c", { ts: NOW + 2 }));
  one.sending("c");
  two.add(entry("b", { ts: NOW + 1 }));
  two.add(entry("a", { ts: NOW }));
  one.takeUp(NOW + 3);
  assert.deepEqual(one.inRoom(GENERAL).map(({ cid, state }) => [cid, state]), [
    ["a", Unsent.WAITING],
    ["b", Unsent.WAITING],
    ["c", Unsent.SENDING],
  ]);
});

test("what a tab took up from another one is not sent when that one has sent it, or thought better of it", () => {
  const area = new FakeArea();
  const one = open(area);
  const two = open(area);
  for (const cid of ["sent", "discarded", "kept"]) one.add(entry(cid));
  two.takeUp(NOW);
  two.failed("sent", "server_error");
  one.sending("sent");
  one.acknowledged("sent", { ts: NOW, seq: 1 });
  one.failed("discarded", "forbidden");
  one.remove("discarded");
  two.add(entry("own", { ts: NOW + 1 }));
  two.takeUp(NOW);
  assert.deepEqual(two.inRoom(GENERAL).map(({ cid }) => cid), ["kept", "own"]);
});

test("nothing old is left to send when the first is told to be too old", () => {
  const outbox = open(new FakeArea());
  for (const cid of ["a", "b"]) outbox.add(entry(cid));
  const left = [];
  outbox.on("change", () => left.push(outbox.next));
  outbox.takeUp(NOW + 24 * HOUR);
  assert.deepEqual(left, [undefined]);
});

test("two tabs do not overwrite each other's messages", () => {
  const area = new FakeArea();
  const one = open(area);
  const two = open(area);
  one.add(entry("a"));
  two.add(entry("b", { ts: NOW + 1 }));
  one.remove("a");
  assert.deepEqual(open(area).inRoom(GENERAL).map(({ cid }) => cid), ["b"]);
});

test("what is older than the server's memory is not sent again without asking", () => {
  const area = new FakeArea();
  open(area).add(entry("a"));
  const later = open(area, { now: NOW + 24 * HOUR });
  assert.equal(later.next, undefined);
  assert.equal(later.inRoom(GENERAL)[0].state, Unsent.FAILED);
  later.askAgain("a", NOW + 24 * HOUR);
  assert.equal(later.next.cid, "a");
});

test("what waits in a page that stays open gets too old as well, and who asks again is heard", () => {
  const outbox = open(new FakeArea());
  outbox.add(entry("a"));
  outbox.takeUp(NOW + 22 * HOUR);
  assert.equal(outbox.next.cid, "a");
  outbox.takeUp(NOW + 24 * HOUR);
  const [{ state, error }] = outbox.inRoom(GENERAL);
  assert.deepEqual([state, error], [Unsent.FAILED, "expired"]);
  outbox.askAgain("a", NOW + 24 * HOUR);
  outbox.takeUp(NOW + 25 * HOUR);
  assert.equal(outbox.next.cid, "a");
});

test("an acknowledged message is not kept in the browser, and shown until its event comes", () => {
  const area = new FakeArea();
  const outbox = open(area);
  outbox.add(entry("a"));
  outbox.acknowledged("a", { ts: NOW + 5, seq: 7 });
  assert.equal(outbox.size, 0);
  assert.equal(outbox.inRoom(GENERAL).length, 1);
  assert.equal(open(area).inRoom(GENERAL).length, 0);
  outbox.dropAcknowledged(GENERAL, 6);
  assert.equal(outbox.inRoom(GENERAL).length, 1);
  outbox.dropAcknowledged(GENERAL, 7);
  assert.equal(outbox.inRoom(GENERAL).length, 0);
});

test("counts tell waiting from failed", () => {
  const outbox = open(new FakeArea());
  outbox.add(entry("a"));
  outbox.add(entry("b", { room: PIT }));
  outbox.add(entry("c"));
  outbox.sending("a");
  outbox.failed("b", "too_long");
  assert.equal(outbox.waiting, 2);
  assert.equal(outbox.size, 3);
});

test("a browser that keeps nothing is told apart, and loses nothing while the page is open", () => {
  const full = new FakeArea();
  full.setItem = () => {
    throw new Error("QuotaExceededError");
  };
  for (const area of [null, full]) {
    const outbox = open(area);
    outbox.add(entry("a"));
    assert.equal(outbox.kept, false);
    assert.equal(outbox.next.body, "body of a");
  }
});

test("damaged entries are passed over", () => {
  const area = new FakeArea();
  open(area).add(entry("a"));
  area.setItem("chat:p-alice:outbox:broken", "{");
  area.setItem("chat:p-alice:outbox:empty", "null");
  assert.deepEqual(open(area).inRoom(GENERAL).map(({ cid }) => cid), ["a"]);
});
