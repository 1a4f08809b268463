import { clone, part, setText } from "chat/dom.js";
import { count } from "chat/text.js";

/** The chips under a message; those that stay keep their elements, and with them the focus. */
export function fillReactions(box, chips, template) {
  const list = part(box, "chips");
  const add = box.querySelector('[data-act="react"]');
  const known = new Map([...list.querySelectorAll("[data-emoji]")].map((one) => [one.dataset.emoji, one]));
  for (const chip of chips) {
    const button = known.get(chip.emoji) ?? chipIn(list, template);
    known.delete(chip.emoji);
    fillChip(button, chip);
  }
  for (const gone of known.values()) takeAway(gone, add);
  const current = box.closest("[data-row]").hasAttribute("tabindex");
  for (const button of box.querySelectorAll("button")) button.tabIndex = current ? 0 : -1;
}

function chipIn(list, template) {
  const item = clone(template);
  list.append(item);
  return item.querySelector("button");
}

function fillChip(button, { emoji, count: number, own, who }) {
  button.dataset.emoji = emoji;
  button.setAttribute("aria-pressed", String(own));
  button.setAttribute("aria-label", `${emoji} ${count(number, "reaction")}: ${who}`);
  button.title = `${who} reacted with ${emoji}`;
  setText(part(button, "symbol"), emoji);
  setText(part(button, "number"), number.toLocaleString());
}

/** Who pressed it to take it away goes on from the button that adds one. */
function takeAway(button, add) {
  const focused = button === document.activeElement;
  button.closest("li").remove();
  if (focused) add.focus();
}
