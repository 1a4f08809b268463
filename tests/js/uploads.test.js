import assert from "node:assert/strict";
import { test } from "node:test";

import { isPicture, kindWord, said, shownSize, sizeWords } from "chat/files.js";
import { Uploads, UploadState } from "chat/models/uploads.js";
import { ErrorCode, ReplyError } from "chat/protocol.js";

import { FakeClock, GENERAL, PIT, settle } from "./support.js";

const { QUEUED, SENDING, DONE, FAILED } = UploadState;

function setUp({ most = 10 } = {}) {
  const clock = new FakeClock();
  const sent = [];
  const removed = [];
  const send = ({ room, file, progress }) => {
    const one = { room, name: file.name, progress, aborted: false };
    const done = new Promise((resolve, reject) => Object.assign(one, { resolve, reject }));
    sent.push(one);
    return { done, abort: () => (one.aborted = true) };
  };
  const uploads = new Uploads({
    send,
    remove: ({ id }) => removed.push(id),
    limits: () => ({ file_bytes: 10 * 1024 * 1024, files_per_message: most }),
    types: ["txt", "png"],
    clock,
  });
  return { clock, removed, sent, uploads };
}

const file = (name, size = 100) => ({ name, size, type: "text/plain" });
const files = (number) => Array.from({ length: number }, (_, at) => file(`${at}.txt`));
const states = (uploads, room = GENERAL) => uploads.of(room).map(({ state }) => state);
const attachment = (id) => ({ id, name: `${id}.txt`, type: "text/plain", size: 100, url: `/files/${id}/` });

test("three go at once, the next when one is there", async () => {
  const { sent, uploads } = setUp();
  uploads.add(GENERAL, files(5));
  assert.deepEqual(states(uploads), [SENDING, SENDING, SENDING, QUEUED, QUEUED]);
  sent[1].resolve(attachment("b"));
  await settle();
  assert.deepEqual(states(uploads), [SENDING, DONE, SENDING, SENDING, QUEUED]);
  assert.equal(uploads.busy(GENERAL), true);
});

test("a message takes what is there, in the order of choosing, and the tray is empty", async () => {
  const { sent, uploads } = setUp();
  uploads.add(GENERAL, files(2));
  sent[1].resolve(attachment("b"));
  sent[0].resolve(attachment("a"));
  await settle();
  assert.equal(uploads.busy(GENERAL), false);
  assert.deepEqual(uploads.take(GENERAL).map(({ id }) => id), ["a", "b"]);
  assert.deepEqual(uploads.of(GENERAL), []);
});

test("each room has files of its own", () => {
  const { sent, uploads } = setUp();
  uploads.add(GENERAL, files(1));
  uploads.add(PIT, files(1));
  assert.deepEqual(sent.map(({ room }) => room), [GENERAL, PIT]);
  assert.equal(uploads.of(PIT).length, 1);
  assert.deepEqual(uploads.take(PIT), []);
});

test("progress is told", () => {
  const { sent, uploads } = setUp();
  uploads.add(GENERAL, files(1));
  sent[0].progress(0.4);
  assert.equal(uploads.of(GENERAL)[0].part, 0.4);
});

test("what cannot be taken is not sent, and a sentence says why", () => {
  const { sent, uploads } = setUp({ most: 2 });
  const large = 10 * 1024 * 1024;
  const given = [file("a.mov"), file("README"), file("b.txt", large + 1), file("c.txt", 0)];
  uploads.add(GENERAL, [...given, file("D.PNG", large), file("e.txt"), file("f.txt")]);
  assert.deepEqual(sent.map(({ name }) => name), ["D.PNG", "e.txt"]);
  assert.deepEqual(uploads.problemsOf(GENERAL), [
    "a.mov was not attached. Up to 10 MB: txt, png.",
    "README was not attached. Up to 10 MB: txt, png.",
    "b.txt was not attached. It is larger than 10 MB.",
    "c.txt was not attached. There is nothing in it.",
    "f.txt was not attached. A message takes at most 2 files.",
  ]);
  uploads.add(GENERAL, []);
  assert.deepEqual(uploads.problemsOf(GENERAL), []);
});

test("a failed one keeps its place and its reason until it is tried again", async () => {
  const { sent, uploads } = setUp();
  uploads.add(GENERAL, files(2));
  sent[0].reject(new ReplyError("unsupported_file", "This is no text."));
  sent[1].reject(new ReplyError(ErrorCode.DISCONNECTED));
  await settle();
  assert.deepEqual(states(uploads), [FAILED, FAILED]);
  assert.equal(uploads.failed(GENERAL), true);
  assert.deepEqual(
    uploads.of(GENERAL).map(({ problem }) => problem),
    ["This is no text.", "It did not get through."],
  );
  const [{ key }] = uploads.of(GENERAL);
  uploads.retry(key);
  assert.deepEqual(states(uploads), [SENDING, FAILED]);
  sent[2].resolve(attachment("a"));
  await settle();
  assert.deepEqual(states(uploads), [DONE, FAILED]);
});

test("cancelled while it is sent, it is stopped; when it is there, it is taken away", async () => {
  const { removed, sent, uploads } = setUp();
  uploads.add(GENERAL, files(3));
  sent[1].resolve(attachment("b"));
  await settle();
  const [first, second, third] = uploads.of(GENERAL).map(({ key }) => key);
  uploads.cancel(first);
  uploads.cancel(second);
  assert.equal(sent[0].aborted, true);
  assert.deepEqual(removed, ["b"]);
  // The answer was on its way when the third was given up.
  uploads.cancel(third);
  sent[2].resolve(attachment("c"));
  await settle();
  assert.deepEqual(removed, ["b", "c"]);
  assert.deepEqual(uploads.of(GENERAL), []);
});

test("too many in a short time wait as long as the server says", async () => {
  const { clock, sent, uploads } = setUp();
  uploads.add(GENERAL, files(2));
  sent[0].reject(new ReplyError(ErrorCode.RATE_LIMITED, "too fast", 6));
  await settle();
  assert.deepEqual(states(uploads), [QUEUED, SENDING]);
  clock.wind(5_900);
  assert.equal(sent.length, 2);
  clock.wind(100);
  assert.equal(sent.length, 3);
});

test("who has to wait until tomorrow is told so", async () => {
  const { sent, uploads } = setUp();
  uploads.add(GENERAL, files(1));
  sent[0].reject(new ReplyError(ErrorCode.RATE_LIMITED, "That is more than 200 MB a day.", 40_000));
  await settle();
  assert.deepEqual(states(uploads), [FAILED]);
  assert.equal(uploads.of(GENERAL)[0].problem, "That is more than 200 MB a day.");
});

test("of somebody who has left nothing goes on", async () => {
  const { clock, sent, uploads } = setUp();
  uploads.add(GENERAL, files(4));
  sent[0].reject(new ReplyError(ErrorCode.RATE_LIMITED, "", 1));
  await settle();
  uploads.clear();
  assert.equal(sent[1].aborted, true);
  clock.wind(5_000);
  assert.deepEqual(uploads.of(GENERAL), []);
  assert.equal(sent.length, 3);
});

// --- how files look

test("a picture is as large as there is room for, and never larger than it is", () => {
  assert.deepEqual(shownSize({ width: 1600, height: 1200 }), [400, 300]);
  assert.deepEqual(shownSize({ width: 300, height: 900 }), [100, 300]);
  assert.deepEqual(shownSize({ width: 40, height: 20 }), [40, 20]);
  assert.deepEqual(shownSize({ width: 10_000, height: 1 }), [400, 1]);
});

test("what has no size is not shown in place", () => {
  assert.equal(isPicture({ type: "image/png", width: 3, height: 4 }), true);
  assert.equal(isPicture({ type: "image/png" }), false);
  assert.equal(isPicture({ type: "application/pdf", width: 3, height: 4 }), false);
});

test("a size in words", () => {
  const words = { 0: "0 bytes", 1023: "1023 bytes", 1024: "1 KB", 1_500_000: "1.4 MB", 10_485_760: "10 MB" };
  for (const [bytes, expected] of Object.entries(words)) assert.equal(sizeWords(Number(bytes)), expected);
  assert.equal(sizeWords(300 * 1024), "300 KB");
  assert.equal(kindWord("gearbox-rev-c.pdf"), "PDF");
});

test("a message of files alone is called by their names", () => {
  assert.equal(said({ body: "See", attachments: [{ name: "a.png" }, { name: "b.pdf" }] }), "See, a.png, b.pdf");
  assert.equal(said({ body: "", attachments: [{ name: "a.png" }] }), "a.png");
});
