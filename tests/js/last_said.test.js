import assert from "node:assert/strict";
import { test } from "node:test";

import { LastSaid } from "chat/last_said.js";

import { alice, bob, GENERAL, message, messageEvent, page, PIT, settle } from "./support.js";
import { entered } from "./tab.js";

async function saying(...messages) {
  const seq = messages.length;
  const tab = await entered({ state: page({ seq, n: seq, messages }) });
  const found = [];
  const last = new LastSaid({ session: tab.session, found: ({ body }) => found.push(body) });
  return { ...tab, found, last };
}

const earlier = message(1, { author: alice, body: "earlier" });

/** The server's answer to the newest message, without its event. */
async function acknowledge({ network }, seq) {
  const { ref, room, cid } = network.newest.last("send");
  network.newest.say({ type: "ack", ref, room, cid, id: `m${seq}`, seq, n: seq, ts: 5, duplicate: false });
  await settle();
  return cid;
}

test("what was said last is one's own newest message", async () => {
  const { found, last } = await saying(earlier, message(2, { author: bob }));
  last.seek();
  assert.deepEqual(found, ["earlier"]);
});

test("who said nothing here finds nothing", async () => {
  const { found, last } = await saying(message(1, { author: bob }));
  last.seek();
  assert.deepEqual(found, []);
});

test("a message that the server has, and whose event is on its way, is waited for", async () => {
  const tab = await saying(earlier);
  tab.session.send("just now");
  const cid = await acknowledge(tab, 2);
  tab.last.seek();
  assert.deepEqual(tab.found, []);
  tab.network.newest.say(messageEvent(2, { author: alice, body: "just now", cid }));
  assert.deepEqual(tab.found, ["just now"]);
});

test("a message that was not answered yet is waited for, and found once", async () => {
  const tab = await saying(earlier);
  tab.session.send("just now");
  tab.last.seek();
  const { cid } = tab.network.newest.last("send");
  tab.network.newest.say(messageEvent(2, { author: alice, body: "just now", cid }));
  await acknowledge(tab, 2);
  tab.session.send("and more");
  assert.deepEqual(tab.found, ["just now"]);
});

test("whatever is done meanwhile ends the waiting", async () => {
  const ends = {
    "something else": ({ last }) => last.forget(),
    "another room": ({ session }) => session.enter(PIT),
    "a connection that ends": ({ network }) => network.newest.drop(1006),
  };
  for (const [what, end] of Object.entries(ends)) {
    const tab = await saying(earlier);
    tab.session.send("just now");
    tab.last.seek();
    end(tab);
    const { cid } = tab.network.newest.last("send");
    tab.session.receive(messageEvent(2, { author: alice, body: "just now", cid }));
    assert.deepEqual(tab.found, [], what);
  }
});

test("a message that the server refuses is not what was said last", async () => {
  const tab = await saying(earlier);
  tab.session.send("too much");
  tab.last.seek();
  const { ref } = tab.network.newest.last("send");
  tab.network.newest.say({ type: "error", ref, code: "too_long", detail: "Too long." });
  await settle();
  assert.deepEqual(tab.found, []);
  tab.last.seek();
  assert.deepEqual(tab.found, ["earlier"]);
});

test("without a connection it is the newest that the server has", async () => {
  const tab = await saying(earlier);
  tab.network.newest.drop(1006);
  tab.session.send("later");
  assert.equal(tab.session.outbox.comingTo(GENERAL).body, "later");
  tab.last.seek();
  assert.deepEqual(tab.found, ["earlier"]);
});
