/** What the browser knows before the socket does: the network came, went, or the page was asleep. */
export function watchNetwork(session) {
  for (const event of ["online", "offline", "pageshow"]) {
    addEventListener(event, ({ persisted = true }) => persisted && session.probe());
  }
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") session.probe();
  });
}
