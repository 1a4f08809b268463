const KEY = "chat:reloaded";
const AGAIN_AFTER_MS = 60_000;

/** The server speaks a newer protocol: the page it serves does, too. Not more than once a minute. */
export function reloadOnce(now = Date.now()) {
  try {
    if (now - Number(sessionStorage.getItem(KEY)) < AGAIN_AFTER_MS) return;
    sessionStorage.setItem(KEY, String(now));
  } catch {
    return;
  }
  location.reload();
}
