import { setText } from "chat/dom.js";

const EDITABLE = "input, textarea, select, [contenteditable]";
const IS_APPLE = /Mac|iP(hone|ad|od)/.test(navigator.platform);

/** Keys that work anywhere. `openList()` shows them all; `write()` puts the focus into the message field. */
export function listenForShortcuts({ openList, openSwitcher, write }) {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    const modified = event.ctrlKey || event.metaKey;
    const busy = document.querySelector("dialog:modal") !== null;
    if (modified && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      if (!busy) openSwitcher();
    } else if (!modified && !event.altKey && !busy) {
      plain(event, openList, write);
    }
  });
  if (!IS_APPLE) return;
  for (const key of document.querySelectorAll("[data-mod]")) setText(key, "⌘");
}

function plain(event, openList, write) {
  if (event.target.matches(EDITABLE)) return;
  const nowhere = event.target === document.body;
  if (event.key === "?") {
    event.preventDefault();
    openList();
  } else if (nowhere && (event.key === "Escape" || (event.key.length === 1 && event.key !== " "))) {
    // What is typed to nobody is a message.
    write();
  }
}
