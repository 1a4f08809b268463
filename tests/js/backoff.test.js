import assert from "node:assert/strict";
import { test } from "node:test";

import { Backoff } from "chat/backoff.js";

test("waits grow with each failure up to the last delay", () => {
  const backoff = new Backoff({ random: () => 1, delays: [100, 200, 400] });
  assert.deepEqual([1, 2, 3, 4, 5].map(() => backoff.next()), [100, 200, 400, 400, 400]);
});

test("jitter is full: a wait is anywhere between nothing and the delay", () => {
  const low = new Backoff({ random: () => 0, delays: [100] });
  const middle = new Backoff({ random: () => 0.5, delays: [100] });
  assert.equal(low.next(), 0);
  assert.equal(middle.next(), 50);
});

test("after a reset the waits are short again", () => {
  const backoff = new Backoff({ random: () => 1, delays: [100, 200] });
  backoff.next();
  backoff.next();
  backoff.reset();
  assert.equal(backoff.next(), 100);
});
