/** A clock that stands still until a test winds it. */
export class FakeClock {
  #now = 1_700_000_000_000;
  #timers = new Map();
  #last = 0;

  now() {
    return this.#now;
  }

  setTimeout(callback, milliseconds) {
    const id = ++this.#last;
    this.#timers.set(id, { callback, due: this.#now + milliseconds });
    return id;
  }

  clearTimeout(id) {
    this.#timers.delete(id);
  }

  get pending() {
    return this.#timers.size;
  }

  /** Lets so many ms pass, and what is due happen in its order. */
  wind(milliseconds) {
    const end = this.#now + milliseconds;
    for (;;) {
      const due = [...this.#timers].filter(([, timer]) => timer.due <= end);
      if (due.length === 0) break;
      const [id, timer] = due.sort(([, a], [, b]) => a.due - b.due)[0];
      this.#timers.delete(id);
      this.#now = Math.max(this.#now, timer.due);
      timer.callback();
    }
    this.#now = end;
  }
}

/** Promises that are settled get to their listeners. */
export const settle = () => new Promise((resolve) => setImmediate(resolve));

/** What `new WebSocket` would give, driven by the test. */
export class StubWebSocket {
  sent = [];
  closed = null;

  constructor(url) {
    this.url = url;
  }

  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close(code) {
    this.closed = code;
  }

  accept() {
    this.onopen();
  }

  say(frame) {
    this.onmessage({ data: JSON.stringify(frame) });
  }

  drop(code) {
    this.onclose({ code });
  }

  /** The last frame of this type that the page sent. */
  last(type) {
    return this.sent.findLast((frame) => frame.type === type);
  }

  all(type) {
    return this.sent.filter((frame) => frame.type === type);
  }
}

/** Every socket that was opened, newest last. */
export class Network {
  sockets = [];
  connect = (url) => {
    const socket = new StubWebSocket(url);
    this.sockets.push(socket);
    return socket;
  };

  get newest() {
    return this.sockets.at(-1);
  }
}

/** Like localStorage. */
export class FakeArea {
  #items = new Map();

  get length() {
    return this.#items.size;
  }

  key(at) {
    return [...this.#items.keys()][at];
  }

  getItem(key) {
    return this.#items.get(key) ?? null;
  }

  setItem(key, value) {
    this.#items.set(key, value);
  }

  removeItem(key) {
    this.#items.delete(key);
  }
}

export const alice = Object.freeze({ id: "p-alice", name: "alice", guest: true });
export const bob = Object.freeze({ id: "p-bob", name: "bob", guest: true });
export const carol = Object.freeze({ id: "p-carol", name: "carol", guest: true });

export const GENERAL = "channel:general-talk";
export const PIT = "channel:pit-crew";
export const EPOCH = "e1";

export const limits = Object.freeze({
  body_characters: 4000,
  ping_seconds: 25,
  silence_seconds: 60,
  typing_seconds: 3,
  typing_shown_seconds: 6,
  read_seconds: 1,
});

const T0 = Date.UTC(2026, 2, 14, 9, 0);

export function message(n, { author = bob, seq = n, body = `message ${n}`, ...more } = {}) {
  const made = { id: `m${n}`, room: GENERAL, seq, n, author, body, ts: T0 + n * 1000, cid: `c${n}` };
  return { attachments: [], reactions: [], ...made, ...more };
}

export function messageEvent(n, options = {}) {
  const made = message(n, options);
  return { type: "event", room: made.room, seq: made.seq, kind: "message", message: made };
}

export function roomState(room, more = {}) {
  const slug = room.split(":")[1];
  const channel = { room, slug, name: slug, topic: "", kind: "channel", archived: false };
  return { ...channel, private: false, epoch: EPOCH, seq: 0, n: 0, read: 0, unread: 0, ...more };
}

export function page(more = {}) {
  return {
    me: alice,
    room: GENERAL,
    epoch: EPOCH,
    seq: 0,
    n: 0,
    more: false,
    messages: [],
    rooms: [roomState(GENERAL), roomState(PIT)],
    limits,
    ...more,
  };
}

export function welcome(more = {}) {
  const rooms = [roomState(GENERAL), roomState(PIT)];
  return { type: "welcome", version: 1, me: alice, rooms, online: 2, limits, ...more };
}

export function joined(more = {}) {
  const state = { room: GENERAL, epoch: EPOCH, seq: 0, n: 0, reset: false, events: [], more: false };
  return { type: "joined", ...state, members: { people: [alice, bob], count: 2 }, ...more };
}
