import { isNotes } from "chat/called.js";
import { part, setText, show } from "chat/dom.js";
import { hueOf, initialsOf, OWN_HUE } from "chat/people.js";

/** Draws somebody's square. */
export function fillAvatar(avatar, { id, name }, me, letters = 2) {
  avatar.dataset.hue = id === me?.id ? OWN_HUE : hueOf(name);
  setText(avatar, initialsOf(name, letters));
}

/** What stands before the name of a personal chat: the other person's square, or the mark of one's notes. */
export function fillFace(element, room, me, letters) {
  const notes = isNotes(room, me);
  const avatar = part(element, "avatar");
  show(avatar, !notes);
  part(element, "notes").toggleAttribute("hidden", !notes);
  if (!notes) fillAvatar(avatar, { id: room.person?.id, name: room.name }, me, letters);
}

/** A disc for somebody who is here, a ring for somebody who is not, nothing where that is not known. */
export function fillPresence(mark, here) {
  mark.toggleAttribute("hidden", here === undefined);
  mark.toggleAttribute("data-away", here === false);
}
