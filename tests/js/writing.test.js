import assert from "node:assert/strict";
import { test } from "node:test";

import { Drafts } from "chat/models/drafts.js";
import { EMOJI, emojiName, findEmoji, RecentEmoji } from "chat/models/emoji.js";
import { LongPress } from "chat/models/long_press.js";
import { step } from "chat/models/roving.js";
import { Switcher } from "chat/models/switcher.js";
import { Uploads } from "chat/models/uploads.js";
import { ReplyError } from "chat/protocol.js";
import { Storage } from "chat/storage.js";
import { Writing } from "chat/writing.js";

import { alice, bob, FakeArea, FakeClock, GENERAL, limits, message, page, PIT, roomState, settle } from "./support.js";
import { answerJoin, entered } from "./tab.js";

// --- drafts

/** The drafts of somebody at a tab of this browser. */
function draftsOf({ area = new FakeArea(), person = alice, clock = new FakeClock() } = {}) {
  const drafts = new Drafts({ storage: new Storage(area), clock });
  drafts.belongTo(person.id);
  return drafts;
}

function drafting(text, options) {
  const drafts = draftsOf(options);
  drafts.typed(GENERAL, text);
  return drafts;
}

test("each room has its own draft", () => {
  const drafts = drafting("for all");
  drafts.typed(PIT, "for the pit");
  assert.equal(drafts.textOf(GENERAL), "for all");
  assert.equal(drafts.textOf(PIT), "for the pit");
});

test("an edit lies over the draft, which comes back", () => {
  const drafts = drafting("half a thought");
  drafts.edit(GENERAL, { id: "m1", body: "old words" });
  assert.equal(drafts.textOf(GENERAL), "old words");
  drafts.typed(GENERAL, "new words");
  assert.equal(drafts.textOf(GENERAL), "new words");
  assert.equal(drafts.cancel(GENERAL), true);
  assert.equal(drafts.textOf(GENERAL), "half a thought");
});

test("asking to edit the same message again keeps what was typed", () => {
  const drafts = drafting("");
  drafts.edit(GENERAL, { id: "m1", body: "old words" });
  drafts.typed(GENERAL, "new words");
  drafts.edit(GENERAL, { id: "m1", body: "old words" });
  assert.equal(drafts.textOf(GENERAL), "new words");
});

test("Escape ends the edit first, then the reply, then nothing", () => {
  const drafts = drafting("so");
  drafts.reply(GENERAL, message(1));
  drafts.edit(GENERAL, { id: "m2", body: "x" });
  assert.equal(drafts.cancel(GENERAL), true);
  assert.equal(drafts.of(GENERAL).replyTo.id, "m1");
  assert.equal(drafts.cancel(GENERAL), true);
  assert.equal(drafts.cancel(GENERAL), false);
  assert.equal(drafts.textOf(GENERAL), "so");
});

test("what is written about a message that was deleted becomes a new message", () => {
  const drafts = drafting("begun before");
  drafts.edit(GENERAL, { id: "m1", body: "old" });
  drafts.typed(GENERAL, "old, and much more");
  drafts.keepWithout(GENERAL, (id) => id === "m1");
  assert.equal(drafts.of(GENERAL).edit, null);
  assert.equal(drafts.textOf(GENERAL), "begun before\n\nold, and much more");
});

test("an edit of a deleted message in which nothing was changed leaves no words", () => {
  const drafts = drafting("begun before");
  drafts.edit(GENERAL, { id: "m1", body: "old" });
  drafts.keepWithout(GENERAL, () => true);
  assert.equal(drafts.textOf(GENERAL), "begun before");
});

test("a reply to a message that was deleted is a message", () => {
  const drafts = drafting("yes");
  drafts.reply(GENERAL, message(1));
  drafts.keepWithout(GENERAL, (id) => id === "m2");
  assert.equal(drafts.of(GENERAL).replyTo.id, "m1");
  drafts.keepWithout(GENERAL, (id) => id === "m1");
  assert.deepEqual([drafts.of(GENERAL).replyTo, drafts.textOf(GENERAL)], [null, "yes"]);
});

test("whether a message is gone is asked by its id and number", () => {
  const drafts = drafting("yes");
  const asked = [];
  const isGone = (...message) => void asked.push(message);
  drafts.reply(GENERAL, message(1));
  drafts.keepWithout(GENERAL, isGone);
  drafts.edit(GENERAL, message(2));
  drafts.keepWithout(GENERAL, isGone);
  assert.deepEqual(asked, [["m1", 1], ["m2", 2], ["m1", 1]]);
});

test("what was sent leaves neither words nor a reply", () => {
  const drafts = drafting("yes");
  drafts.reply(GENERAL, message(1));
  drafts.sent(GENERAL);
  assert.deepEqual(drafts.of(GENERAL), { body: "", replyTo: null, edit: null });
});

test("drafts outlive the page: their words, and what they answer", () => {
  const area = new FakeArea();
  const before = drafting("half a thought", { area });
  before.reply(PIT, message(7, { body: "x".repeat(4000) }));
  before.keep();
  const after = draftsOf({ area });
  assert.equal(after.textOf(GENERAL), "half a thought");
  const { id, n, author, body } = after.of(PIT).replyTo;
  assert.deepEqual({ id, n, author, body }, { id: "m7", n: 7, author: bob, body: "x".repeat(200) });
  assert.equal(draftsOf({ area, person: bob }).textOf(GENERAL), "");
});

test("an edit is not kept, and what lies under it is", () => {
  const area = new FakeArea();
  const before = drafting("half a thought", { area });
  before.edit(GENERAL, message(1));
  before.typed(GENERAL, "other words");
  before.keep();
  const { body, edit } = draftsOf({ area }).of(GENERAL);
  assert.deepEqual([body, edit], ["half a thought", null]);
});

test("what is typed is kept half a second later, however many keys that are", () => {
  const [area, clock] = [new FakeArea(), new FakeClock()];
  let written = 0;
  const setItem = area.setItem.bind(area);
  area.setItem = (...item) => {
    written += 1;
    setItem(...item);
  };
  const drafts = draftsOf({ area, clock });
  for (const text of ["h", "ha", "hal", "half"]) {
    drafts.typed(GENERAL, text);
    clock.wind(150);
  }
  assert.equal(written, 1);
  clock.wind(500);
  assert.equal(draftsOf({ area }).textOf(GENERAL), "half");
  assert.deepEqual([written, clock.pending], [1, 0]);
});

test("what was sent or emptied is kept no longer", () => {
  const area = new FakeArea();
  const drafts = drafting("yes", { area });
  drafts.keep();
  drafts.sent(GENERAL);
  assert.equal(area.length, 0);
  drafts.typed(GENERAL, "no");
  drafts.keep();
  drafts.typed(GENERAL, "");
  drafts.keep();
  assert.equal(area.length, 0);
});

test("another tab's draft is overwritten only by who writes in the same room, and found by who turns to it", () => {
  const area = new FakeArea();
  const one = drafting("begun here", { area });
  one.keep();
  const other = draftsOf({ area });
  other.typed(GENERAL, "begun here, finished there");
  other.typed(PIT, "for the pit");
  other.keep();
  one.turnTo(PIT);
  one.turnTo(GENERAL);
  one.keep();
  assert.equal(one.textOf(GENERAL), "begun here, finished there");
  assert.equal(one.textOf(PIT), "for the pit");
  other.sent(PIT);
  one.turnTo(PIT);
  assert.equal(one.textOf(PIT), "");
});

test("who looks at a page again finds what another tab has made of the draft", async () => {
  const area = new FakeArea();
  const [{ writing: one }, { writing: other }] = [await writer({ area }), await writer({ area })];
  one.typed("begun here");
  one.keep();
  other.lookAgain();
  assert.equal(other.text, "begun here");
  other.send();
  one.lookAgain();
  assert.equal(one.text, "");
});

test("in a browser that keeps nothing drafts last as long as the page", () => {
  const full = new FakeArea();
  full.setItem = () => {
    throw new Error("QuotaExceededError");
  };
  for (const area of [null, full]) {
    const drafts = drafting("half a thought", { area });
    drafts.turnTo(PIT);
    drafts.turnTo(GENERAL);
    assert.equal(drafts.textOf(GENERAL), "half a thought");
  }
});

test("of many drafts the latest are kept, and a very long one as far as it was short", () => {
  const [area, clock] = [new FakeArea(), new FakeClock()];
  const drafts = draftsOf({ area, clock });
  for (let at = 0; at < 60; at += 1) {
    drafts.typed(`channel:c${at}`, `draft ${at}`);
    clock.wind(1_000);
  }
  assert.equal(area.length, 50);
  const after = draftsOf({ area });
  assert.deepEqual([after.textOf("channel:c9"), after.textOf("channel:c10")], ["", "draft 10"]);
  drafts.typed("channel:c59", "x".repeat(20_001));
  drafts.keep();
  assert.equal(draftsOf({ area }).textOf("channel:c59"), "draft 59");
});

test("damaged drafts are none", () => {
  const area = new FakeArea();
  for (const damaged of ["7", "{", "null", '{"body": 7, "replyTo": {"id": 1}}', '{"replyTo": "m1"}']) {
    area.setItem(`chat:${alice.id}:draft:${GENERAL}`, damaged);
    assert.deepEqual(draftsOf({ area }).of(GENERAL), { body: "", replyTo: null, edit: null });
  }
});

test("whoever is logged out leaves no drafts in the page, and nothing more of them is kept", () => {
  const area = new FakeArea();
  const storage = new Storage(area);
  const drafts = new Drafts({ storage, clock: new FakeClock() });
  drafts.belongTo(alice.id);
  drafts.typed(GENERAL, "half a thought");
  drafts.keep();
  drafts.typed(GENERAL, "half a thought, and more");
  storage.set("chat:theme", "dark");
  storage.forget(alice.id);
  drafts.keep();
  assert.deepEqual([area.length, area.key(0)], [1, "chat:theme"]);
  drafts.belongTo(bob.id);
  assert.equal(drafts.textOf(GENERAL), "");
  drafts.typed(GENERAL, "of bob");
  drafts.keep();
  assert.equal(draftsOf({ area, person: bob }).textOf(GENERAL), "of bob");
});

// --- what becomes of what is written

/** Somebody in a room who writes; `sent` counts what left the field. */
async function writer(options) {
  const tab = await entered(options);
  const sent = [];
  const { area, clock, session } = tab;
  const writing = new Writing({ session, storage: new Storage(area), clock, sent: () => sent.push(session.room) });
  return { ...tab, sent, writing };
}

/** What a server has put into the room as number one. */
const said = { messages: [message(1, { author: alice })], seq: 1, n: 1 };

test("what is sent leaves the field for the room, with what it answers", async () => {
  const { network, sent, writing } = await writer({ state: page(said) });
  writing.typed(" Good\r\nmorning ");
  writing.reply(message(1, { author: alice }));
  writing.send();
  const { room, body, reply_to } = network.newest.last("send");
  assert.deepEqual({ room, body, reply_to }, { room: GENERAL, body: "Good\nmorning", reply_to: "m1" });
  assert.deepEqual([writing.text, writing.draft.replyTo, sent], ["", null, [GENERAL]]);
});

test("blank words, and too many, are not sent", async () => {
  const { network, writing } = await writer();
  for (const text of [" ", "x".repeat(limits.body_characters + 1)]) {
    writing.typed(text);
    writing.send();
    assert.deepEqual([writing.sendable, writing.text], [false, text]);
  }
  assert.equal(network.newest.last("send"), undefined);
  assert.equal(writing.left, -1);
});

test("an edit that is refused stays, and words say why until something is typed", async () => {
  const { network, writing } = await writer({ state: page(said) });
  writing.edit(message(1, { author: alice }));
  writing.typed("better words");
  writing.send();
  const { ref, id, body } = network.newest.last("edit");
  assert.deepEqual({ id, body }, { id: "m1", body: "better words" });
  network.newest.say({ type: "error", ref, code: "forbidden", detail: "You are muted." });
  await settle();
  assert.deepEqual([writing.saving, writing.text], [false, "better words"]);
  assert.match(writing.problem, /^Not saved\./);
  writing.typed("better words!");
  assert.equal(writing.problem, "");
});

test("while an edit is saved, another room can be written in, and what came of it is said in its own", async () => {
  const { network, session, writing } = await writer({ state: page(said) });
  writing.edit(message(1, { author: alice }));
  writing.typed("better words");
  writing.send();
  const { ref } = network.newest.last("edit");
  assert.equal(writing.saving, true);
  session.enter(PIT);
  assert.equal(writing.saving, false);
  writing.typed("for the pit");
  writing.send();
  assert.equal(network.newest.last("send").body, "for the pit");
  network.newest.say({ type: "error", ref, code: "forbidden", detail: "You are muted." });
  await settle();
  assert.deepEqual([writing.text, writing.problem], ["", ""]);
  session.enter(GENERAL);
  assert.deepEqual([writing.saving, writing.text], [false, "better words"]);
  assert.match(writing.problem, /^Not saved\./);
});

test("an edit that was saved is over, wherever somebody is by then", async () => {
  const { network, session, writing } = await writer({ state: page(said) });
  writing.edit(message(1, { author: alice }));
  writing.typed("better words");
  writing.send();
  session.enter(PIT);
  network.newest.say({ type: "ok", ref: network.newest.last("edit").ref, seq: 2 });
  await settle();
  session.enter(GENERAL);
  assert.deepEqual([writing.saving, writing.draft.edit, writing.problem], [false, null, ""]);
});

test("what is written before all is ready comes after the draft that was kept", async () => {
  const area = new FakeArea();
  drafting("half a thought", { area }).keep();
  const { writing } = await writer({ area });
  for (const nothingNew of [" ", "half a thought"]) writing.add(nothingNew);
  assert.equal(writing.text, "half a thought");
  writing.add("and one of this moment");
  assert.equal(writing.text, "half a thought\n\nand one of this moment");
});

test("drafts are there with the person, and gone with them", async () => {
  const area = new FakeArea();
  drafting("of alice", { area }).keep();
  drafting("of bob", { area, person: bob }).keep();
  const { network, session, writing } = await writer({ area });
  assert.equal(writing.text, "of alice");
  network.newest.drop(4401);
  assert.equal(writing.text, "");
  session.identify(bob);
  assert.equal(writing.text, "of bob");
});

test("of a room that is none of theirs any more nobody keeps a draft", async () => {
  const { area, session, writing } = await writer();
  writing.typed("for the few");
  writing.keep();
  assert.equal(area.length, 1);
  session.lose(roomState(GENERAL));
  writing.keep();
  assert.deepEqual([area.length, writing.text], [0, ""]);
});

/** A file for the message in this room; resolves the upload with its attachment, or rejects it. */
function attach({ writing, session }) {
  const sent = [];
  const send = () => {
    const one = {};
    one.done = new Promise((resolve, reject) => Object.assign(one, { resolve, reject }));
    sent.push(one);
    return { done: one.done, abort: () => {} };
  };
  const types = ["txt"];
  const most = { file_bytes: 1000, files_per_message: 10 };
  const uploads = new Uploads({ send, remove: () => {}, limits: () => most, types, clock: new FakeClock() });
  writing.useFiles(uploads);
  uploads.add(session.room, [{ name: "plan.txt", size: 4, type: "text/plain" }]);
  return { sent, uploads };
}

const plan = { id: "f1", name: "plan.txt", type: "text/plain", size: 4, url: "/files/f1/plan.txt" };

test("a message leaves for its own room when its files are there, wherever somebody is by then", async () => {
  const tab = await writer();
  const { network, sent, session, writing } = tab;
  const upload = attach(tab).sent[0];
  writing.typed("Here is the plan");
  writing.reply(message(1));
  writing.send();
  assert.equal(writing.wordsOfFiles, "Sent as soon as the files are there");
  session.enter(PIT);
  const messages = [1, 2, 3].map((n) => message(n, { room: PIT }));
  await answerJoin(network.newest, { seq: 3, n: 3, reset: true, messages });
  session.timeline.markNews(3, 1);
  assert.equal(writing.wordsOfFiles, "");
  writing.typed("for the pit");
  upload.resolve(plan);
  await settle();
  const { room, body, attachments, reply_to } = network.newest.last("send");
  assert.deepEqual({ room, body, attachments, reply_to }, {
    room: GENERAL,
    body: "Here is the plan",
    attachments: ["f1"],
    reply_to: "m1",
  });
  // Nothing happens in the room that is shown.
  assert.deepEqual([sent, writing.text, session.timeline.news?.n], [[], "for the pit", 3]);
  session.enter(GENERAL);
  assert.deepEqual([writing.text, writing.draft.replyTo, writing.wordsOfFiles], ["", null, ""]);
});

test("whoever goes on typing does not want it sent yet", async () => {
  const tab = await writer();
  const upload = attach(tab).sent[0];
  tab.writing.typed("Here is the plan");
  tab.writing.send();
  tab.writing.typed("Here is the plan, and");
  upload.resolve(plan);
  await settle();
  assert.equal(tab.network.newest.last("send"), undefined);
  assert.equal(tab.writing.sendable, true);
});

test("a file that failed holds its message back until it is tried again", async () => {
  const tab = await writer();
  const { sent, uploads } = attach(tab);
  tab.writing.typed("Here is the plan");
  tab.writing.send();
  sent[0].reject(new ReplyError("unsupported_file", "This is no text."));
  await settle();
  assert.equal(tab.writing.wordsOfFiles, "Try it again or remove it");
  assert.equal(tab.network.newest.last("send"), undefined);
  uploads.retry(uploads.of(GENERAL)[0].key);
  sent[1].resolve(plan);
  await settle();
  assert.deepEqual(tab.network.newest.last("send").attachments, ["f1"]);
});

test("without its only file there is nothing to send", async () => {
  const tab = await writer();
  const { uploads } = attach(tab);
  tab.writing.send();
  uploads.cancel(uploads.of(GENERAL)[0].key);
  assert.equal(tab.network.newest.last("send"), undefined);
  tab.writing.typed("Words after all");
  assert.equal(tab.network.newest.last("send"), undefined);
});

// --- emoji

test("no emoji is there twice, and each has a name", () => {
  assert.equal(new Set(EMOJI.map(({ symbol }) => symbol)).size, EMOJI.length);
  assert.ok(EMOJI.length >= 60);
  for (const { name, words } of EMOJI) assert.ok(name && words.length > 1, name);
});

test("emoji are found by the beginning of any of their words", () => {
  assert.deepEqual(findEmoji("rock").map(({ symbol }) => symbol), ["🚀"]);
  assert.ok(findEmoji("LAUGH").some(({ symbol }) => symbol === "😂"));
  assert.deepEqual(findEmoji("red heart").map(({ symbol }) => symbol), ["❤️"]);
  assert.deepEqual(findEmoji("nothing like it"), []);
  assert.equal(findEmoji(" ").length, EMOJI.length);
});

test("an emoji from elsewhere is its own name", () => {
  assert.equal(emojiName("🎉"), "party popper");
  assert.equal(emojiName("🦩"), "🦩");
});

test("emoji used last come first, each person's own", () => {
  const storage = new Storage(new FakeArea());
  let me = alice.id;
  const recent = new RecentEmoji({ storage, personId: () => me });
  for (const symbol of ["🔥", "🎉", "🔥", "🦩"]) recent.used(symbol);
  assert.deepEqual(recent.all, ["🔥", "🎉"]);
  assert.deepEqual(recent.quick(3), ["🔥", "🎉", "👍"]);
  me = bob.id;
  assert.deepEqual(recent.all, []);
});

test("what somebody else wrote into the storage does no harm", () => {
  const area = new FakeArea();
  area.setItem(`chat:${alice.id}:emoji`, JSON.stringify(["<b>", 7, "🎉"]));
  const recent = new RecentEmoji({ storage: new Storage(area), personId: () => alice.id });
  assert.deepEqual(recent.all, ["🎉"]);
});

// --- a finger that rests

function finger() {
  const clock = new FakeClock();
  const rested = [];
  return { clock, press: new LongPress({ clock, rested: (what) => rested.push(what) }), rested };
}

test("a finger that rests asks once", () => {
  const { clock, press, rested } = finger();
  press.down(10, 10, "m1");
  press.move(14, 14);
  clock.wind(5_000);
  assert.deepEqual(rested, ["m1"]);
});

test("a finger that taps or scrolls asks for nothing", () => {
  const { clock, press, rested } = finger();
  press.down(10, 10, "m1");
  clock.wind(200);
  press.end();
  press.down(10, 10, "m2");
  press.move(10, 40);
  clock.wind(5_000);
  assert.deepEqual(rested, []);
});

// --- arrow keys

test("arrows lead through a line and a grid, and stop at the ends", () => {
  assert.equal(step("ArrowDown", { at: 0, count: 3 }), 1);
  assert.equal(step("ArrowDown", { at: 2, count: 3 }), null);
  assert.equal(step("ArrowRight", { at: 0, count: 3 }), null);
  assert.equal(step("ArrowRight", { at: 0, count: 3, columns: 3 }), 1);
  assert.equal(step("ArrowUp", { at: 5, count: 9, columns: 3 }), 2);
  assert.equal(step("Home", { at: 5, count: 9 }), 0);
  assert.equal(step("End", { at: 5, count: 9 }), 8);
  assert.equal(step("x", { at: 5, count: 9 }), null);
  assert.equal(step("End", { at: -1, count: 0 }), null);
});

test("in a menu they go round", () => {
  assert.equal(step("ArrowUp", { at: 0, count: 3, round: true }), 2);
  assert.equal(step("ArrowDown", { at: 2, count: 3, round: true }), 0);
});

// --- the switcher

function switching(found = []) {
  const clock = new FakeClock();
  const asked = [];
  const rooms = [
    roomState(GENERAL, { name: "General Talk" }),
    roomState(PIT, { name: "Pit crew" }),
    roomState("channel:cafe", { name: "Café" }),
    roomState("channel:old", { name: "Old", archived: true }),
  ];
  const search = (query) => {
    asked.push(query);
    return found instanceof Error ? Promise.reject(found) : Promise.resolve({ found, complete: true });
  };
  const unreadOf = (room) => (room === PIT ? 2 : 0);
  const switcher = new Switcher({ known: () => rooms, unreadOf, search, clock });
  switcher.begin();
  return { asked, clock, switcher };
}

const named = (switcher) => switcher.options.map(({ name }) => name);

test("before anything is typed all channels are there, what is unread first", () => {
  const { asked, clock, switcher } = switching();
  clock.wind(1_000);
  assert.deepEqual(named(switcher), ["Pit crew", "Café", "General Talk"]);
  assert.deepEqual(asked, []);
});

test("typing finds by a piece of the name, without accents and case", () => {
  const { switcher } = switching();
  switcher.typed("CAFE");
  assert.deepEqual(named(switcher), ["Café"]);
  switcher.typed("t");
  assert.deepEqual(named(switcher), ["Pit crew", "General Talk"]);
  switcher.typed("talk");
  assert.equal(switcher.chosen.room, GENERAL);
});

test("channels beyond the list come from the server, and what was chosen stays chosen", async () => {
  const { asked, clock, switcher } = switching([
    roomState("channel:apt", { name: "Apt" }),
    roomState(PIT, { name: "an older name" }),
  ]);
  switcher.typed("t");
  assert.equal(switcher.chosen.name, "Pit crew");
  clock.wind(1_000);
  await settle();
  assert.deepEqual(asked, ["t"]);
  assert.deepEqual(named(switcher), ["Pit crew", "Apt", "General Talk"]);
  assert.equal(switcher.chosen.name, "Pit crew");
});

test("an answer to an older question is not shown", async () => {
  const { clock, switcher } = switching([roomState("channel:apt", { name: "Apt" })]);
  switcher.typed("ap");
  clock.wind(1_000);
  switcher.typed("apr");
  await settle();
  assert.deepEqual(named(switcher), []);
});

test("a server that does not answer leaves the known channels, and nobody says that there are no others", async () => {
  const { clock, switcher } = switching(new Error("gone"));
  switcher.typed("pit");
  clock.wind(1_000);
  await settle();
  assert.deepEqual(named(switcher), ["Pit crew"]);
  assert.deepEqual([switcher.searching, switcher.complete], [false, false]);
  switcher.typed("pits");
  assert.equal(switcher.complete, true);
});

test("arrows choose, round and round", () => {
  const { switcher } = switching();
  assert.equal(switcher.pressed("ArrowUp"), true);
  assert.equal(switcher.chosen.name, "General Talk");
  assert.equal(switcher.pressed("ArrowDown"), true);
  assert.equal(switcher.chosen.name, "Pit crew");
  assert.equal(switcher.pressed("Home"), false);
});
