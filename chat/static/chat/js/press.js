let pressing = false;
const changes = { pointerdown: true, pointerup: false, pointercancel: false };
for (const [type, is] of Object.entries(changes)) {
  addEventListener(type, () => (pressing = is), { capture: true });
}

/** Calls back when no button or finger is down and its click has come: nothing may move under a press. */
export function afterPress(callback) {
  if (!pressing) {
    setTimeout(callback);
    return;
  }
  const over = new AbortController();
  const released = () => {
    over.abort();
    setTimeout(callback);
  };
  for (const type of ["pointerup", "pointercancel"]) {
    addEventListener(type, released, { capture: true, signal: over.signal });
  }
}
