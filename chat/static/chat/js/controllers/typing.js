import { part, show, strong } from "chat/dom.js";
import { listed } from "chat/text.js";

const NAMED = 2;

/** "Bodil is typing", over the composer, where its place is kept. */
export function showTyping({ line, session }) {
  session.typing.on("change", () => {
    const names = session.typing.people.map(({ name }) => name);
    show(part(line, "wave"), names.length > 0);
    part(line, "words").replaceChildren(...wordsFor(names));
  });
}

function wordsFor(names) {
  if (names.length === 0) return [];
  if (names.length === 1) return [strong(names[0]), " is typing"];
  if (names.length === NAMED) return [strong(names[0]), " and ", strong(names[1]), " are typing"];
  return [strong(listed(names, NAMED)), " are typing"];
}
