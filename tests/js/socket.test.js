import assert from "node:assert/strict";
import { test } from "node:test";

import { Backoff } from "chat/backoff.js";
import { After, CloseCode } from "chat/protocol.js";
import { Socket, SocketState } from "chat/socket.js";

import { FakeClock, Network, settle } from "./support.js";

const unanswered = new Promise(() => {});

function setUp({ random = () => 1, delays = [1_000, 4_000] } = {}) {
  const clock = new FakeClock();
  const network = new Network();
  const backoff = new Backoff({ random, delays });
  const socket = new Socket({ url: "ws://x/", connect: network.connect, backoff, clock });
  return { clock, network, socket };
}

function working(socket, network) {
  socket.start();
  network.newest.accept();
  socket.settled();
}

test("a lost connection is tried again after the wait, and each failure waits longer", () => {
  const { clock, network, socket } = setUp();
  working(socket, network);
  network.newest.drop(1006);
  assert.equal(socket.state, SocketState.WAITING);
  assert.equal(socket.retryAt, clock.now() + 1_000);
  clock.wind(999);
  assert.equal(network.sockets.length, 1);
  clock.wind(1);
  assert.equal(network.sockets.length, 2);
  network.newest.drop(1006);
  assert.equal(socket.retryAt, clock.now() + 4_000);
  assert.equal(socket.failures, 1);
});

test("a connection that worked makes the next loss wait shortly again", () => {
  const { clock, network, socket } = setUp();
  working(socket, network);
  network.newest.drop(1006);
  clock.wind(1_000);
  network.newest.accept();
  socket.settled();
  network.newest.drop(1006);
  assert.equal(socket.retryAt, clock.now() + 1_000);
  assert.equal(socket.failures, 0);
});

test("a server that accepts and closes at once counts as a failure", () => {
  const { clock, network, socket } = setUp();
  socket.start();
  for (const failures of [1, 2, 3]) {
    network.newest.accept();
    network.newest.drop(1011);
    assert.equal(socket.failures, failures);
    clock.wind(4_000);
  }
});

test("a restarting server is visited again at a random moment within five seconds", () => {
  const { clock, network, socket } = setUp({ random: () => 0.5 });
  working(socket, network);
  network.newest.drop(CloseCode.RESTART);
  assert.equal(socket.retryAt, clock.now() + 2_500);
});

test("a flooding client rests for thirty seconds, or as long as it was told", () => {
  for (const [told, rest] of [[0, 30_000], [45_000, 45_000]]) {
    const { clock, network, socket } = setUp({ random: () => 0 });
    working(socket, network);
    socket.restFor(told);
    network.newest.drop(CloseCode.FLOODING);
    assert.equal(socket.retryAt, clock.now() + rest);
  }
});

for (const [name, what] of [
  ["POLICY", After.STOP],
  ["TOO_BIG", After.STOP],
  ["REMOVED", After.STOP],
  ["NO_IDENTITY", After.IDENTIFY],
  ["OLD_VERSION", After.RELOAD],
]) {
  test(`close code ${name} ends it: ${what}`, () => {
    const { clock, network, socket } = setUp();
    working(socket, network);
    network.newest.drop(CloseCode[name]);
    assert.equal(socket.state, SocketState.STOPPED);
    assert.equal(socket.ending.what, what);
    clock.wind(600_000);
    assert.equal(network.sockets.length, 1);
  });
}

for (const [moved, name, what] of [
  [4008, "POLICY", After.STOP],
  [4009, "TOO_BIG", After.STOP],
]) {
  test(`a server that may not say ${name} says ${moved}, which is the same`, () => {
    const { network, socket } = setUp();
    working(socket, network);
    network.newest.drop(moved);
    assert.deepEqual(socket.ending, { code: CloseCode[name], what });
  });
}

test("a server that may not say RESTART says 4012, and is visited again within five seconds", () => {
  const { clock, network, socket } = setUp({ random: () => 0.5 });
  working(socket, network);
  network.newest.drop(4012);
  assert.equal(socket.retryAt, clock.now() + 2_500);
});

test("after an ending it can be started again", () => {
  const { network, socket } = setUp();
  working(socket, network);
  network.newest.drop(CloseCode.NO_IDENTITY);
  socket.start();
  assert.equal(network.sockets.length, 2);
  assert.equal(socket.ending, null);
});

test("a stalled close is an ordinary loss", () => {
  const { network, socket } = setUp();
  working(socket, network);
  network.newest.drop(CloseCode.STALLED);
  assert.equal(socket.state, SocketState.WAITING);
});

test("a connection that says nothing is given up, one that speaks is kept", () => {
  const { clock, network, socket } = setUp();
  working(socket, network);
  socket.silence = 60_000;
  for (let pings = 0; pings < 10; pings += 1) {
    clock.wind(25_000);
    network.newest.say({ type: "ping", ts: 1 });
  }
  assert.equal(network.sockets.length, 1);
  clock.wind(66_000);
  assert.equal(network.sockets[0].closed, CloseCode.GIVEN_UP);
  assert.equal(network.sockets.length, 2);
});

test("a handshake that hangs is given up after ten seconds", () => {
  const { clock, network, socket } = setUp();
  socket.start();
  clock.wind(9_999);
  assert.equal(socket.state, SocketState.CONNECTING);
  clock.wind(1);
  assert.equal(socket.state, SocketState.WAITING);
});

test("a probe that is not answered replaces the connection", () => {
  const { clock, network, socket } = setUp();
  working(socket, network);
  socket.expectSoon(5_000, unanswered);
  clock.wind(5_000);
  assert.equal(socket.state, SocketState.WAITING);
});

test("a frame that was under way does not answer a probe, but gives it more time", () => {
  const { clock, network, socket } = setUp();
  working(socket, network);
  socket.expectSoon(5_000, unanswered);
  clock.wind(4_000);
  network.newest.say({ type: "online", count: 1 });
  clock.wind(4_999);
  assert.equal(socket.state, SocketState.OPEN);
  clock.wind(1);
  assert.equal(socket.state, SocketState.WAITING);
});

test("when all probes are answered the connection may be silent as before", async () => {
  const { clock, network, socket } = setUp();
  working(socket, network);
  let answer;
  socket.expectSoon(5_000, new Promise((resolve) => (answer = resolve)));
  socket.expectSoon(5_000, Promise.resolve());
  await settle();
  clock.wind(4_000);
  answer();
  await settle();
  clock.wind(60_000);
  assert.equal(socket.state, SocketState.OPEN);
});

test("a probe of a connection that is gone says nothing of the next one", async () => {
  const { clock, network, socket } = setUp();
  working(socket, network);
  socket.expectSoon(5_000, unanswered);
  network.newest.drop(1006);
  clock.wind(1_000);
  network.newest.accept();
  network.newest.say({ type: "online", count: 1 });
  clock.wind(60_000);
  assert.equal(socket.state, SocketState.OPEN);
});

test("a pause that was asked for earlier does not delay an ordinary return", () => {
  const { clock, network, socket } = setUp();
  working(socket, network);
  socket.restFor(45_000);
  network.newest.drop(1006);
  assert.equal(socket.retryAt, clock.now() + 1_000);
});

test("trying now does not wait", () => {
  const { network, socket } = setUp();
  working(socket, network);
  network.newest.drop(1006);
  socket.retryNow();
  assert.equal(network.sockets.length, 2);
  socket.retryNow();
  assert.equal(network.sockets.length, 2);
});

test("a pause that the server asked for is not cut short", () => {
  const { clock, network, socket } = setUp();
  working(socket, network);
  network.newest.drop(CloseCode.FLOODING);
  clock.wind(29_000);
  socket.retryNow();
  assert.equal(network.sockets.length, 1);
  clock.wind(1_000);
  assert.equal(network.sockets.length, 2);
  network.newest.drop(1006);
  socket.retryNow();
  assert.equal(network.sockets.length, 3);
});

test("what an abandoned connection still says is not heard", () => {
  const { clock, network, socket } = setUp();
  working(socket, network);
  socket.expectSoon(1_000, unanswered);
  clock.wind(1_000);
  const [abandoned] = network.sockets;
  assert.equal(abandoned.onmessage, null);
  assert.equal(abandoned.onclose, null);
});

test("nothing is sent without a connection", () => {
  const { network, socket } = setUp();
  assert.equal(socket.send({ type: "pong" }), false);
  working(socket, network);
  assert.equal(socket.send({ type: "pong" }), true);
  assert.deepEqual(network.newest.sent, [{ type: "pong" }]);
});

test("a stopped socket leaves no timer behind", () => {
  const { clock, network, socket } = setUp();
  working(socket, network);
  socket.stop();
  assert.equal(socket.state, SocketState.IDLE);
  assert.equal(clock.pending, 0);
});
