/** What waits only for somebody to change their mind is done before they are gone. */
export function commitOnLeaving(session) {
  addEventListener("pagehide", () => session.changes?.commit());
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") session.changes?.commit();
  });
}
