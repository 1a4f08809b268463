import { setText } from "chat/dom.js";

const COPIED_MS = 2_000;

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
export async function copyInto(button, text) {
  const words = button.textContent;
  setText(button, (await copy(text)) ? "Copied" : "Copy it from the address bar");
  setTimeout(() => setText(button, words), COPIED_MS);
}
