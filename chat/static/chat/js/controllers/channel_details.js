import { reasonOf } from "chat/changes.js";
import { copyInto } from "chat/controllers/copy.js";
import { updateChannel } from "chat/directory.js";
import { part, setText, show } from "chat/dom.js";
import { ErrorCode } from "chat/protocol.js";
import { isBlank, lengthOf } from "chat/text.js";

const REFUSALS = Object.freeze({
  [ErrorCode.FORBIDDEN]: "Only the person who made this channel can change it.",
  [ErrorCode.DISCONNECTED]: "Not saved: there is no connection. Try again when you are back.",
});

const NAME_CODES = [ErrorCode.NAME_TAKEN, ErrorCode.INVALID_NAME];

/** What a channel is, to read for everybody and to change for who made it. */
export class ChannelDetailsController {
  #dialog;
  #session;
  #addressOf;
  #name;
  #topic;
  #room = null;

  constructor({ dialog, session, addressOf }) {
    this.#dialog = dialog;
    this.#session = session;
    this.#addressOf = addressOf;
    this.#name = dialog.querySelector("#details-name");
    this.#topic = dialog.querySelector("#details-topic");
    part(dialog, "close").addEventListener("click", () => dialog.close());
    part(dialog, "copy").addEventListener("click", ({ currentTarget }) =>
      copyInto(currentTarget, this.#address),
    );
    part(dialog, "edit").addEventListener("click", () => this.#edit());
    part(dialog, "cancel").addEventListener("click", () => this.#read());
    part(dialog, "form").addEventListener("submit", (event) => this.#submitted(event));
    this.#topic.addEventListener("input", () => this.#measure());
    this.#name.addEventListener("input", () => setText(part(dialog, "name-help"), ""));
    session.rooms.on("change", () => this.#changed());
  }

  open() {
    this.#room = this.#session.room;
    this.#draw();
    show(part(this.#dialog, "form"), false);
    show(part(this.#dialog, "read"), true);
    this.#dialog.showModal();
  }

  get #channel() {
    return this.#session.rooms.get(this.#room);
  }

  get #address() {
    return new URL(this.#addressOf(this.#channel), location.href).href;
  }

  #changed() {
    if (!this.#dialog.open) return;
    if (this.#channel) this.#draw();
    else this.#dialog.close();
  }

  #draw() {
    const { name, topic, keeps, private: secret } = this.#channel;
    const { kept } = this.#session.limits;
    const recent = `The newest ${kept} are kept, as long as the server runs.`;
    setText(part(this.#dialog, "name"), name);
    setText(part(this.#dialog, "topic"), topic || "No topic");
    setText(part(this.#dialog, "address"), this.#address);
    setText(part(this.#dialog, "keeps"), keeps === "recent" ? recent : "All are kept.");
    setText(part(this.#dialog, "for"), secret ? "By invitation: nobody else sees that it exists." : "Everyone.");
  }

  #edit() {
    const { name, topic } = this.#channel;
    this.#name.value = name;
    this.#topic.value = topic;
    for (const help of ["name-help", "topic-help", "problem"]) setText(part(this.#dialog, help), "");
    show(part(this.#dialog, "read"), false);
    show(part(this.#dialog, "form"), true);
    this.#topic.focus();
  }

  #read() {
    show(part(this.#dialog, "form"), false);
    show(part(this.#dialog, "read"), true);
    part(this.#dialog, "edit").focus();
  }

  /** True when the topic is not too long. */
  #measure() {
    const limit = this.#session.limits.topic_characters;
    const fits = lengthOf(this.#topic.value) <= limit;
    setText(part(this.#dialog, "topic-help"), fits ? "" : `A topic has at most ${limit} characters.`);
    return fits;
  }

  #submitted(event) {
    event.preventDefault();
    const named = !isBlank(this.#name.value);
    setText(part(this.#dialog, "name-help"), named ? "" : "A channel needs a name.");
    if (!named) this.#name.focus();
    else if (!this.#measure()) this.#topic.focus();
    else this.#save();
  }

  /** Only what is different is sent: a name that stays is not asked about. */
  async #save() {
    const { name, topic } = this.#channel;
    const wanted = { name: this.#name.value.trim(), topic: this.#topic.value.trim() };
    const save = part(this.#dialog, "save");
    setText(part(this.#dialog, "problem"), "");
    save.setAttribute("aria-disabled", "true");
    try {
      await updateChannel(this.#session, this.#room, {
        name: wanted.name === name ? undefined : wanted.name,
        topic: wanted.topic === topic ? undefined : wanted.topic,
      });
      this.#read();
    } catch (error) {
      this.#refused(error);
    }
    save.removeAttribute("aria-disabled");
  }

  #refused(error) {
    const aboutName = NAME_CODES.includes(error.code);
    const words = REFUSALS[error.code] ?? reasonOf(error);
    setText(part(this.#dialog, aboutName ? "name-help" : "problem"), words);
    if (aboutName) this.#name.focus();
  }
}
