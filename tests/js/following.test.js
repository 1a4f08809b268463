import assert from "node:assert/strict";
import { test } from "node:test";

import { copyInto } from "chat/controllers/copy.js";
import { followTimeline, onceForAll } from "chat/following.js";

import { FakeClock, messageEvent, PIT, settle } from "./support.js";
import { entered } from "./tab.js";

test("what follows the timeline hears of the one that is shown, and of no other", async () => {
  const { network, session } = await entered();
  const before = session.timeline;
  let drawn = 0;
  followTimeline(session, () => (drawn += 1));
  assert.equal(drawn, 1);
  network.newest.say(messageEvent(1));
  assert.equal(drawn, 2);
  session.enter(PIT);
  assert.equal(drawn, 3);
  before.apply(messageEvent(2));
  assert.equal(drawn, 3);
  session.timeline.clearNews();
  session.timeline.markNews(0, 0);
  assert.equal(drawn, 4);
});

test("however often it is asked for in one go, it is done once, and again the next time", async () => {
  let done = 0;
  const act = onceForAll(() => (done += 1));
  for (let time = 0; time < 3; time += 1) act();
  assert.equal(done, 0);
  await settle();
  assert.equal(done, 1);
  act();
  await settle();
  assert.equal(done, 2);
});

test("a button that was pressed twice has its own words again", async () => {
  const clock = new FakeClock();
  const button = { textContent: "Copy the address" };
  await copyInto(button, "https://chat.example/", clock);
  assert.equal(button.textContent, "Copy it from the address bar");
  clock.wind(1_000);
  await copyInto(button, "https://chat.example/", clock);
  clock.wind(2_000);
  assert.equal(button.textContent, "Copy the address");
});
