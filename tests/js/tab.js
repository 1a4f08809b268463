/** A page of the chat on a stub network: everything but what is seen. */

import { Backoff } from "chat/backoff.js";
import { Session } from "chat/session.js";
import { Socket } from "chat/socket.js";
import { Storage } from "chat/storage.js";

import { EPOCH, FakeArea, FakeClock, joined, Network, page, settle, welcome } from "./support.js";

/** `heard` gets what the session emits that has no state of its own to look at. */
export function openTab({ state = page(), area = new FakeArea() } = {}) {
  const clock = new FakeClock();
  const network = new Network();
  const backoff = new Backoff({ random: () => 1, delays: [1_000] });
  const socket = new Socket({ url: "ws://x/", connect: network.connect, backoff, clock });
  const session = new Session({ page: state, socket, storage: new Storage(area), clock });
  const heard = [];
  for (const name of ["room", "joined", "filled", "refused", "identify", "reload"]) {
    session.on(name, (detail) => heard.push({ name, ...detail }));
  }
  return { area, clock, heard, network, session, socket };
}

/** Connected, and not in the room yet. */
export function connect({ network, session }, more) {
  session.start();
  network.newest.accept();
  network.newest.say(welcome(more));
}

/** Connected, and in the room of the page. */
export async function entered({ greeting, ...options } = {}) {
  const tab = openTab(options);
  connect(tab, greeting);
  await answerJoin(tab.network.newest);
  return tab;
}

/** Answers the last join as if nothing had happened, unless `more` says otherwise. */
export async function answerJoin(socket, more = {}) {
  const { ref, room, at } = socket.last("join");
  const here = { room, seq: at?.seq ?? 0, epoch: at?.epoch ?? EPOCH };
  socket.say(joined({ ref, ...here, ...more }));
  await settle();
}
