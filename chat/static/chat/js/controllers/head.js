import { part, setText, show } from "chat/dom.js";
import { hueOf, initialsOf, OWN_HUE } from "chat/people.js";
import { capped } from "chat/text.js";

const FACES = 3;

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
  }

  get #room() {
    return this.#session.rooms.get(this.#session.room);
  }

  #part(name) {
    return this.#head.querySelector(`[data-head="${name}"]`);
  }

  #drawRoom() {
    if (!this.#room) return;
    const { name, topic, private: secret } = this.#room;
    setText(this.#part("name"), name);
    setText(this.#part("topic"), topic);
    show(this.#part("topic"), Boolean(topic));
    this.#part("icon").setAttribute("href", secret ? "#icon-lock" : "#icon-hash");
    this.#timeline.setAttribute("aria-label", `Messages in ${name}`);
    this.#drawTitle();
  }

  #drawTitle() {
    const unread = this.#session.unread.total;
    const name = this.#room?.name ?? "";
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
  }

  #face({ id, name }) {
    const face = document.createElement("span");
    face.className = "avatar avatar--face";
    face.dataset.hue = id === this.#session.me?.id ? OWN_HUE : hueOf(name);
    face.textContent = initialsOf(name, 1);
    return face;
  }
}
