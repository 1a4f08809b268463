import assert from "node:assert/strict";
import { test } from "node:test";

import { replayUntilHeeded } from "chat/controllers/conversation.js";
import { Later } from "chat/later.js";

import { settle } from "./support.js";

/** A network that can be away: `fetch(what)` counts, and fails while it is. */
class Shelf {
  away = false;
  fetched = [];
  said = 0;

  fetch(what) {
    this.fetched.push(what);
    return this.away ? Promise.reject(new TypeError(`No ${what}`)) : Promise.resolve(what);
  }

  get later() {
    return new Later({ styles: () => this.fetch("styles"), failed: () => (this.said += 1) });
  }
}

test("what is used twice is fetched once", async () => {
  const shelf = new Shelf();
  const use = shelf.later.add(() => shelf.fetch("tools"));
  const used = [];
  use((tools) => used.push(tools));
  use((tools) => used.push(tools));
  await settle();
  assert.deepEqual(used, ["tools", "tools"]);
  assert.deepEqual(shelf.fetched, ["tools", "styles"]);
});

test("what could not be fetched is said, and fetched again at its next use", async () => {
  const shelf = new Shelf();
  shelf.away = true;
  const use = shelf.later.add(() => shelf.fetch("tools"));
  const used = [];
  use((tools) => used.push(tools));
  await settle();
  assert.equal(shelf.said, 1);
  shelf.away = false;
  use((tools) => used.push(tools));
  await settle();
  assert.deepEqual(used, ["tools"]);
  assert.equal(shelf.said, 1);
});

test("nothing is said of what could not be fetched ahead, until it is asked for", async () => {
  const shelf = new Shelf();
  shelf.away = true;
  const { later } = shelf;
  const use = later.add(() => shelf.fetch("tools"));
  const page = new EventTarget();
  later.fetchWhenUsed(page);
  page.dispatchEvent(new Event("keydown"));
  await settle();
  assert.equal(shelf.said, 0);
  use(() => assert.fail("It is not there."));
  await settle();
  assert.equal(shelf.said, 1);
});

test("what could not be fetched ahead is fetched ahead when there is a connection again", async () => {
  const shelf = new Shelf();
  shelf.away = true;
  const { later } = shelf;
  later.add(() => shelf.fetch("tools"));
  const page = new EventTarget();
  later.fetchWhenUsed(page);
  later.fetchAgain();
  assert.deepEqual(shelf.fetched, []);
  page.dispatchEvent(new Event("keydown"));
  await settle();
  shelf.away = false;
  later.fetchAgain();
  later.fetchAgain();
  await settle();
  assert.deepEqual(shelf.fetched, ["tools", "styles", "tools", "styles"]);
  assert.equal(shelf.said, 0);
});

test("what the page itself asked for is done when it comes, at the latest with the next use", async () => {
  const shelf = new Shelf();
  shelf.away = true;
  const { later } = shelf;
  const use = later.add(() => shelf.fetch("name"));
  const asked = [];
  use((name) => asked.push(name));
  const page = new EventTarget();
  later.fetchWhenUsed(page);
  await settle();
  assert.equal(shelf.said, 1);
  page.dispatchEvent(new Event("keydown"));
  await settle();
  assert.deepEqual([asked, shelf.said], [[], 2]);
  shelf.away = false;
  page.dispatchEvent(new Event("keydown"));
  await settle();
  assert.deepEqual([asked, shelf.said], [["name"], 2]);
  const before = shelf.fetched.length;
  page.dispatchEvent(new Event("keydown"));
  later.fetchAgain();
  await settle();
  assert.equal(shelf.fetched.length, before);
  assert.deepEqual(asked, ["name"]);
});

test("what a person asked for in vain does not surprise them later", async () => {
  const shelf = new Shelf();
  const { later } = shelf;
  const use = later.add(() => shelf.fetch("tools"));
  const page = new EventTarget();
  shelf.away = true;
  later.fetchWhenUsed(page);
  page.dispatchEvent(new Event("keydown"));
  await settle();
  use(() => assert.fail("They went on to something else."));
  await settle();
  shelf.away = false;
  later.fetchAgain();
  page.dispatchEvent(new Event("keydown"));
  await settle();
  assert.equal(shelf.said, 1);
});

// --- what is done to a message before its tools are there

/** As much of an element as is asked. */
class Row extends EventTarget {
  isConnected = true;
  dataset;
  heard = [];

  constructor(id, log) {
    super();
    this.dataset = { id, row: "message" };
    this.log = log;
    for (const type of ["keydown", "contextmenu", "pointerdown"]) {
      this.addEventListener(type, (event) => this.heard.push(event.key ?? event.type));
    }
  }

  closest() {
    return this;
  }

  /** What a browser does, which tells everybody over the row. */
  suffers(type, more = {}) {
    const event = Object.assign(new Event(type, { cancelable: true }), more);
    Object.defineProperty(event, "target", { value: this });
    this.log.dispatchEvent(event);
    return event;
  }
}

class Log extends EventTarget {
  rows = [];

  draw(...ids) {
    for (const row of this.rows) row.isConnected = false;
    this.rows = ids.map((id) => new Row(id, this));
    return this.rows;
  }

  querySelector(selector) {
    return this.rows.find(({ dataset }) => selector === `[data-id="${dataset.id}"]`) ?? null;
  }
}

class KeyEvent extends Event {
  constructor(type, { key }) {
    super(type);
    this.key = key;
  }
}

function impatient() {
  Object.assign(globalThis, { KeyboardEvent: KeyEvent, PointerEvent: Event });
  const log = new Log();
  const waiting = [];
  const heed = replayUntilHeeded(log, (then) => waiting.push(then));
  const arrive = () => {
    heed();
    for (const then of waiting) then();
  };
  return { log, waiting, arrive };
}

test("keys on a message wait for its tools, in their order", () => {
  const { log, arrive } = impatient();
  const [row] = log.draw("m1");
  assert.equal(row.suffers("keydown", { key: "ArrowUp" }).defaultPrevented, true);
  row.suffers("keydown", { key: "Enter" });
  row.suffers("keydown", { key: "Tab" });
  row.suffers("keydown", { key: "r", ctrlKey: true });
  assert.deepEqual(row.heard, []);
  arrive();
  assert.deepEqual(row.heard, ["ArrowUp", "Enter"]);
});

test("a key on a message that was drawn anew meanwhile is for the new row", () => {
  const { log, arrive } = impatient();
  const [old] = log.draw("m1", "m2");
  old.suffers("keydown", { key: "Enter" });
  const [, row] = log.draw("m0", "m1");
  arrive();
  assert.deepEqual([old.heard, row.heard], [[], ["Enter"]]);
});

test("a finger that rests on a message waits for its tools; the second button of a mouse is the browser's", () => {
  const { log, arrive } = impatient();
  const [row] = log.draw("m1");
  assert.equal(row.suffers("contextmenu", { pointerType: "touch" }).defaultPrevented, true);
  assert.equal(row.suffers("contextmenu", { pointerType: "mouse" }).defaultPrevented, false);
  arrive();
  assert.deepEqual(row.heard, ["contextmenu"]);
});

test("a finger that still lies on a message when its tools come is felt by them, one that was lifted is not", () => {
  for (const [end, felt] of [[null, ["pointerdown"]], ["pointerup", []], ["pointercancel", []]]) {
    const { log, arrive } = impatient();
    const [row] = log.draw("m1");
    row.suffers("pointerdown", { pointerType: "touch" });
    row.suffers("pointerdown", { pointerType: "mouse" });
    if (end) row.suffers(end);
    arrive();
    assert.deepEqual(row.heard, felt);
  }
});

test("with the tools there, nothing waits any more", () => {
  const { log, waiting, arrive } = impatient();
  const [row] = log.draw("m1");
  arrive();
  row.suffers("keydown", { key: "Enter" });
  row.suffers("contextmenu", { pointerType: "touch" });
  assert.deepEqual(waiting, []);
});
