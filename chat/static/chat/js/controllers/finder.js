import { PeopleDialog } from "chat/controllers/people_dialog.js";
import { invite, openDirect } from "chat/people_commands.js";

/** What people are looked for: to write to one, or to let them into a private channel. */
export class Finder {
  #dialog;
  #session;
  #go;

  /** `go(room)` enters the chat with whoever is chosen. */
  constructor({ dialog, template, session, go }) {
    this.#dialog = new PeopleDialog({ dialog, template, session });
    this.#session = session;
    this.#go = go;
  }

  /** Opens the chat with whoever is chosen; one's notes are among them. */
  find() {
    const choose = async ({ id }) => {
      const room = await openDirect(this.#session, id);
      return () => this.#go(room);
    };
    this.#dialog.open({ title: "Find a person", notes: true, choose });
  }

  /** Lets whoever is chosen into the present channel: one after the other, as many as one likes. */
  invite() {
    const { room, rooms, presence } = this.#session;
    const invited = new Set();
    const isIn = ({ id }) => [...presence.people, ...presence.away].some((person) => person.id === id);
    this.#dialog.open({
      title: `Invite people to ${rooms.get(room).name}`,
      noteOf: (person) => (invited.has(person.id) ? "Invited" : isIn(person) ? "Is in it" : ""),
      choose: async (person) => {
        if (isIn(person)) return;
        invited.add(person.id);
        try {
          await invite(this.#session, room, person.id);
        } catch (error) {
          invited.delete(person.id);
          throw error;
        }
      },
    });
  }
}
