import { clone, part, setText, show } from "chat/dom.js";
import { emojiName } from "chat/models/emoji.js";
import { count } from "chat/text.js";

/** The chips under a message; those that stay keep their elements, and with them the focus. */
export function fillReactions(list, chips, template) {
  show(list, chips.length > 0);
  const add = list.lastElementChild;
  const current = list.closest("[data-row]").hasAttribute("tabindex");
  const known = new Map([...list.querySelectorAll("[data-emoji]")].map((one) => [one.dataset.emoji, one]));
  for (const chip of chips) {
    const button = known.get(chip.emoji) ?? clone(template).querySelector("button");
    known.delete(chip.emoji);
    if (!button.parentElement?.isConnected) list.insertBefore(button.closest("li"), add);
    button.tabIndex = current ? 0 : -1;
    fillChip(button, chip);
  }
  for (const gone of known.values()) takeAway(gone, add.firstElementChild);
}

function fillChip(button, { emoji, count: number, own, who }) {
  button.dataset.emoji = emoji;
  button.setAttribute("aria-pressed", String(own));
  button.setAttribute("aria-label", `${emojiName(emoji)}, ${count(number, "reaction")}: ${who}`);
  button.title = `${who} reacted with ${emojiName(emoji)}`;
  setText(part(button, "symbol"), emoji);
  setText(part(button, "number"), number.toLocaleString());
}

/** Who pressed it to take it away goes on from the next one. */
function takeAway(button, add) {
  const focused = button === document.activeElement;
  button.closest("li").remove();
  if (focused && add.checkVisibility()) add.focus();
  else if (focused) add.closest("[data-row]").focus();
}
