import { isNotes, isPersonal, titleOf } from "chat/called.js";
import { fillFace } from "chat/controllers/faces.js";
import { part, setText, show } from "chat/dom.js";
import { followTimeline } from "chat/following.js";

const NOTES = "Nobody else can read this. It is the same on all your devices.";

/** Where a personal chat begins: who it is, and who can read it. */
export function showStart({ element, session }) {
  const draw = () => {
    const { me, timeline, rooms, room } = session;
    const chat = rooms.get(room);
    const known = me !== null && chat !== undefined && timeline.epoch !== null;
    const shown = known && isPersonal(chat) && !timeline.more;
    show(element, shown);
    if (!shown) return;
    fillFace(element, chat, me);
    setText(part(element, "name"), titleOf(chat, me));
    setText(part(element, "words"), isNotes(chat, me) ? NOTES : wordsOf(chat.name));
  };
  session.rooms.on("change", draw);
  followTimeline(session, draw);
}

const wordsOf = (name) => `This is the start. Only ${name} and you can read what is here.`;
