const KEY = "chat:reloaded";
const AGAIN_AFTER_MS = 60_000;

/** The server knows more than this page: loads it again, not more than once a minute. Says whether it does. */
export function reloadOnce(now = Date.now()) {
  try {
    if (now - Number(sessionStorage.getItem(KEY)) < AGAIN_AFTER_MS) return false;
    sessionStorage.setItem(KEY, String(now));
  } catch {
    return false;
  }
  location.reload();
  return true;
}
