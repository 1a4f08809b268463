import { PeopleDialog } from "chat/controllers/people_dialog.js";
import { invite } from "chat/people_commands.js";

/** What people are looked for: to write to one, or to let them into a private channel. */
export class Finder {
  #dialog;
  #session;
  #write;

  /** `write(person)` opens the chat with somebody, and may throw a ReplyError. */
  constructor({ dialog, template, session, write }) {
    this.#dialog = new PeopleDialog({ dialog, template, session });
    this.#session = session;
    this.#write = write;
  }

  /** Opens the chat with whoever is chosen; one's notes are among them. */
  find() {
    const choose = async (person) => {
      await this.#write(person);
      return true;
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
        if (isIn(person)) return false;
        invited.add(person.id);
        try {
          await invite(this.#session, room, person.id);
        } catch (error) {
          invited.delete(person.id);
          throw error;
        }
        return false;
      },
    });
  }
}
