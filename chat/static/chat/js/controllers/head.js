import { iconOf, isNotes, isPersonal, titleOf, topicOf } from "chat/called.js";
import { fillAvatar, fillFace, fillPresence } from "chat/controllers/faces.js";
import { flag, part, setText, show } from "chat/dom.js";
import { capped } from "chat/text.js";

const FACES = 3;

/** Whether the other one looks at the chat, too; between two rooms nobody knows. */
const WHERE = new Map([
  [true, "Here now. "],
  [false, "Not here now. "],
  [undefined, ""],
]);

/** What stands over the conversation, and in the title of the page. */
export class HeadController {
  #head;
  #timeline;
  #faces;
  #session;
  #siteName;

  constructor({ head, timeline, session, siteName }) {
    this.#head = head;
    this.#timeline = timeline;
    this.#faces = head.querySelector("[data-faces]");
    this.#session = session;
    this.#siteName = siteName;
    session.rooms.on("change", () => this.#drawRoom());
    session.on("room", () => this.#drawRoom());
    session.unread.on("change", () => this.#drawTitle());
    session.presence.on("change", () => this.#drawPeople());
    session.on("me", () => this.#drawPeople());
    this.#drawTitle();
    this.#drawPerson();
  }

  get #room() {
    return this.#session.rooms.get(this.#session.room);
  }

  #part(name) {
    return this.#head.querySelector(`[data-head="${name}"]`);
  }

  #drawRoom() {
    const room = this.#room;
    if (!room) return;
    const personal = isPersonal(room);
    const name = titleOf(room, this.#session.me);
    setText(this.#part("name"), name);
    flag(this.#head, "personal", personal);
    flag(this.#head, "private", !personal && Boolean(room.private));
    if (!personal) this.#drawTopic(topicOf(room));
    this.#part("icon").setAttribute("href", iconOf(room));
    this.#timeline.setAttribute("aria-label", `Messages in ${name}`);
    this.#drawTitle();
    this.#drawPerson();
  }

  #drawTopic(words, where = "") {
    setText(this.#part("where"), where);
    setText(this.#part("words"), words);
    show(this.#part("topic"), words !== "");
  }

  /** Who a personal chat is with, and whether they are here. */
  #drawPerson() {
    const { me, presence } = this.#session;
    const room = this.#room;
    const personal = room !== undefined && isPersonal(room);
    show(this.#part("face"), personal);
    if (!personal) return;
    const notes = isNotes(room, me);
    const here = notes ? undefined : presence.isHere(room.person?.id);
    fillFace(this.#part("face"), room, me);
    fillPresence(part(this.#part("face"), "presence"), here);
    this.#drawTopic(notes ? "Only you" : "Only the two of you can read this.", notes ? "" : WHERE.get(here));
  }

  #drawTitle() {
    const unread = this.#session.unread.total;
    const name = this.#room ? titleOf(this.#room, this.#session.me) : "";
    document.title = `${unread ? `(${capped(unread)}) ` : ""}${name} · ${this.#siteName}`;
  }

  #drawPeople() {
    const { me, presence } = this.#session;
    for (const here of this.#head.querySelectorAll("[data-here]")) {
      // Between two rooms the number of the one before stays until the new one is known.
      show(here, me !== null && (presence.count > 0 || !here.hidden));
      if (presence.count) setText(part(here, "count"), presence.count.toLocaleString());
    }
    const faces = presence.people.slice(0, FACES).map((person) => this.#face(person));
    this.#faces.replaceChildren(...faces);
    this.#drawPerson();
  }

  #face(person) {
    const face = document.createElement("span");
    face.className = "avatar avatar--face";
    fillAvatar(face, person, this.#session.me, 1);
    return face;
  }
}
