import { browserClock } from "chat/clock.js";
import { setText } from "chat/dom.js";

const COPIED_MS = 2_000;

/** What stands on a button that says something else for a moment. */
const labels = new WeakMap();

/** Puts text on the clipboard; resolves with whether the browser let us. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** The same, and the button says what became of it. */
export async function copyInto(button, text, clock = browserClock) {
  if (!labels.has(button)) labels.set(button, button.textContent);
  setText(button, (await copy(text)) ? "Copied" : "Copy it from the address bar");
  clock.setTimeout(() => setText(button, labels.get(button)), COPIED_MS);
}
