/** tests/fixtures/protocol.json has one example of every frame; Python reads the same file. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { CLIENT_FRAMES, EVENT_KINDS, frame, SERVER_FRAMES } from "chat/protocol.js";

import { alice, GENERAL, page, settle } from "./support.js";
import { connect, openTab } from "./tab.js";

const file = new URL("../fixtures/protocol.json", import.meta.url);
const fixtures = JSON.parse(readFileSync(file, "utf8"));

test("every frame of the server has an example, and every example is a known frame", () => {
  assert.deepEqual(Object.keys(fixtures.server).sort(), [...SERVER_FRAMES].sort());
});

test("every frame of a client has an example, and every example is a known frame", () => {
  assert.deepEqual(Object.keys(fixtures.client).sort(), Object.keys(CLIENT_FRAMES).sort());
});

test("the session has something to do for every frame of the server", () => {
  assert.deepEqual(connected({}).session.understands.sort(), [...SERVER_FRAMES].sort());
});

test("every kind of event has an example", () => {
  const kinds = new Set(fixtures.server.event.map(({ kind }) => kind));
  assert.deepEqual([...kinds].sort(), [...EVENT_KINDS].sort());
});

for (const [type, examples] of Object.entries(fixtures.client)) {
  test(`the fields of a ${type} frame are those of its examples`, () => {
    for (const { type: said, ...fields } of examples) {
      assert.deepEqual(frame(type, fields), { type: said, ...fields });
    }
  });
}

for (const [type, examples] of Object.entries(fixtures.server)) {
  test(`a ${type} frame of the server is taken`, async () => {
    for (const example of examples) {
      assert.equal(example.type, type);
      const { heard, network } = connected(example);
      network.newest.say(example);
      await settle();
      assert.ok(!heard.some(({ name }) => name === "reload"));
    }
  });
}

/** A session in the room of the example and of its person, if it has them. */
function connected({ room = GENERAL, me = alice }) {
  const tab = openTab({ state: page({ room, me }) });
  connect(tab, { me });
  return tab;
}
