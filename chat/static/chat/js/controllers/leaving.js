/** Calls back when somebody leaves the page, or looks away and may not come back. */
export function onLeaving(leave) {
  addEventListener("pagehide", leave);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") leave();
  });
}
