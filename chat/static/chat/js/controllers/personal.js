import { show } from "chat/dom.js";

/** What stands with the personal chats: for guests what an account would give them. */
export function showPersonal({ section, session }) {
  const pieces = (name) => section.querySelectorAll(`[data-personal-for="${name}"]`);
  const draw = () => {
    const { me, rooms } = session;
    const account = me?.guest === false;
    show(section, me !== null);
    for (const piece of pieces("guests")) show(piece, !account);
    for (const piece of pieces("accounts")) show(piece, account);
    for (const piece of pieces("nobody")) show(piece, account && rooms.personal.length === 0);
  };
  session.on("me", draw);
  session.rooms.on("change", draw);
  draw();
}
