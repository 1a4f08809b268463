import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { newCid } from "chat/cid.js";
import { connectionOf, Light } from "chat/connection.js";
import { dayOf, dayWords, nextMidnight } from "chat/dates.js";
import { hueOf, initialsOf } from "chat/people.js";
import { CloseCode, frame } from "chat/protocol.js";
import { SocketState } from "chat/socket.js";
import { capped, count, isBlank, lengthOf, listed } from "chat/text.js";

// --- people: the same file is read by tests/test_templatetags.py

const people = JSON.parse(readFileSync(new URL("../fixtures/people.json", import.meta.url), "utf8"));

for (const { name, hue, initials, letter } of people) {
  test(`${name} looks the same from both languages`, () => {
    assert.equal(hueOf(name), hue);
    assert.equal(initialsOf(name), initials);
    assert.equal(initialsOf(name, 1), letter);
  });
}

// --- what was typed

test("white space and characters that nobody sees are nothing", () => {
  for (const blank of ["", " \n\t", "\u200b\u200d\ufeff", "\u00ad\u3164\u2800"]) {
    assert.equal(isBlank(blank), true, JSON.stringify(blank));
  }
  for (const said of ["a", " . ", "\u{1f44d}", "0"]) assert.equal(isBlank(said), false, said);
});

test("length is counted in characters as the server counts them", () => {
  assert.equal(lengthOf("  a\r\nb  "), 3);
  assert.equal(lengthOf("👍".repeat(4)), 4);
});

test("numbers and names in words", () => {
  assert.equal(count(1, "message"), "1 message");
  assert.equal(count(3, "message"), "3 messages");
  assert.equal(capped(99), "99");
  assert.equal(capped(100), "99+");
  assert.equal(listed(["Ann"]), "Ann");
  assert.equal(listed(["Ann", "Bo"]), "Ann and Bo");
  assert.equal(listed(["Ann", "Bo", "Cy"]), "Ann, Bo and Cy");
  assert.equal(listed(["Ann", "Bo", "Cy", "Di", "Ed"]), "Ann, Bo and 3 others");
});

// --- days

test("days are called by what they are to the reader", () => {
  const noon = new Date(2026, 2, 14, 12).getTime();
  assert.equal(dayWords(noon - 1_000, noon), "Today");
  assert.equal(dayWords(new Date(2026, 2, 13, 23, 59).getTime(), noon), "Yesterday");
  assert.match(dayWords(new Date(2026, 2, 11, 8).getTime(), noon), /Wednesday/);
  assert.match(dayWords(new Date(2024, 2, 11, 8).getTime(), noon), /2024/);
  assert.notEqual(dayOf(nextMidnight(noon)), dayOf(noon));
  assert.equal(dayOf(nextMidnight(noon) - 1), dayOf(noon));
});

// --- the light

const waitingSocket = (failures) => ({ state: SocketState.WAITING, failures, ending: null });
const lightOf = (more) => {
  const { light, words } = connectionOf({
    socket: waitingSocket(0),
    connected: false,
    waiting: 0,
    ...more,
  });
  return [light, words];
};

test("the light says what is", () => {
  assert.deepEqual(lightOf({ connected: true }), [Light.CONNECTED, "Connected"]);
  assert.deepEqual(lightOf({}), [Light.CONNECTING, "Connecting"]);
  assert.deepEqual(lightOf({ socket: waitingSocket(2) }), [Light.OFFLINE, "Offline"]);
  assert.deepEqual(lightOf({ network: false }), [Light.OFFLINE, "Offline"]);
  assert.deepEqual(lightOf({ named: false }), [Light.IDLE, "Choose a name to join in"]);
  assert.deepEqual(lightOf({ socket: waitingSocket(1), waiting: 3 }), [
    Light.OFFLINE,
    "Offline, 3 messages waiting",
  ]);
});

for (const code of [CloseCode.POLICY, CloseCode.TOO_BIG, CloseCode.REMOVED]) {
  test(`an ending by ${code} is told in words`, () => {
    const socket = { state: SocketState.STOPPED, failures: 0, ending: { code } };
    const { light, ending } = connectionOf({ socket, connected: false, waiting: 0 });
    assert.equal(light, Light.OFFLINE);
    assert.match(ending, /\.$/);
  });
}

// --- frames and ids

test("a frame leaves out what is undefined, and refuses what the protocol lacks", () => {
  assert.deepEqual(frame("join", { ref: 1, room: "r", at: undefined }), {
    type: "join",
    ref: 1,
    room: "r",
  });
  assert.throws(() => frame("join", { rom: "r" }), TypeError);
  assert.throws(() => frame("shout", {}), TypeError);
});

test("a cid is a UUID, also where the browser has no randomUUID", () => {
  const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  assert.match(newCid(), uuid);
  const insecure = { getRandomValues: (bytes) => crypto.getRandomValues(bytes) };
  assert.match(newCid(insecure), uuid);
  assert.notEqual(newCid(insecure), newCid(insecure));
});
