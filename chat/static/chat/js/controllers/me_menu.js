import { part, setText, show } from "chat/dom.js";
import { initialsOf } from "chat/people.js";

/** The person at the foot of the panel, and what they can do about themselves. */
export class MeMenuController {
  #box;
  #button;
  #menu;
  #login;
  #session;
  #whenReady;

  /** `whenReady(then)` calls back when the menu can be shown. */
  constructor({ box, session, whenReady, rename, shortcuts, logout }) {
    this.#box = box;
    this.#button = box.querySelector("[data-me-button]");
    this.#menu = box.querySelector(".menu");
    this.#login = document.querySelector("#login-dialog");
    this.#session = session;
    this.#whenReady = whenReady;
    this.#button.addEventListener("click", () => whenReady(() => this.#toggle(this.#menu.hidden)));
    this.#choose("[data-rename]", rename);
    this.#choose("[data-shortcuts]", shortcuts);
    this.#choose("[data-logout]", logout);
    box.querySelector("[data-login]")?.addEventListener("click", (event) => this.#beforeLogin(event));
    part(this.#login, "cancel").addEventListener("click", () => this.#login.close());
    box.addEventListener("keydown", (event) => this.#pressed(event));
    box.addEventListener("focusout", ({ relatedTarget }) => {
      if (relatedTarget && !box.contains(relatedTarget)) this.#toggle(false);
    });
    document.addEventListener("pointerdown", ({ target }) => {
      if (!box.contains(target)) this.#toggle(false);
    });
    session.on("me", () => this.#draw());
    this.#draw();
  }

  #choose(selector, act) {
    this.#box.querySelector(selector).addEventListener("click", () => {
      this.#toggle(false);
      this.#button.focus();
      act();
    });
  }

  /** Another person's account: what this guest has not sent, nobody will. */
  #beforeLogin(event) {
    const { lossWords } = this.#session.outbox;
    if (!lossWords) return;
    event.preventDefault();
    this.#whenReady(() => {
      this.#toggle(false);
      this.#button.focus();
      setText(part(this.#login, "words"), lossWords);
      this.#login.showModal();
    });
  }

  #pressed(event) {
    if (event.key !== "Escape" || this.#menu.hidden) return;
    event.stopPropagation();
    this.#toggle(false);
    this.#button.focus();
  }

  #toggle(open) {
    show(this.#menu, open);
    this.#button.setAttribute("aria-expanded", String(open));
  }

  #draw() {
    const { me } = this.#session;
    show(this.#box, me !== null);
    if (me === null) this.#toggle(false);
    setText(part(this.#box, "name"), me?.name ?? "");
    setText(part(this.#box, "avatar"), me ? initialsOf(me.name) : "");
    setText(part(this.#box, "kind"), me?.guest ? "Guest" : "");
  }
}
