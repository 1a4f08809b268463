import { browserClock } from "chat/clock.js";

const SHOWN_MS = 4_000;

/** Says something over the message field for a moment; the same words again are said again. */
export function announcerOf(element, clock = browserClock) {
  let timer = null;
  return (words) => {
    clock.clearTimeout(timer);
    element.textContent = "";
    requestAnimationFrame(() => {
      element.textContent = words;
    });
    timer = clock.setTimeout(() => {
      element.textContent = "";
    }, SHOWN_MS);
  };
}
