import { browserClock } from "chat/clock.js";

/** How often a connection is looked at that seems to live although the browser sees no network. */
const LOOK_AGAIN_MS = 5_000;

/** What the browser knows before the socket does: the network came, went, or the page was asleep. */
export function watchNetwork(session, clock = browserClock) {
  let timer = null;
  const lookAgain = () => {
    clock.clearTimeout(timer);
    if (navigator.onLine) return;
    timer = clock.setTimeout(() => {
      if (session.connected) session.probe();
      lookAgain();
    }, LOOK_AGAIN_MS);
  };
  for (const event of ["online", "offline", "pageshow"]) {
    addEventListener(event, ({ persisted = true }) => {
      if (persisted) session.probe();
      lookAgain();
    });
  }
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") session.probe();
  });
  lookAgain();
}
