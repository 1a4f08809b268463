import { onClosed, part, setText, show } from "chat/dom.js";

/** A picture of a message as large as the window; arrows lead to the others of the same message. */
export class Lightbox {
  #dialog;
  #pictures = [];
  #at = 0;

  constructor(dialog) {
    this.#dialog = dialog;
    part(dialog, "close").addEventListener("click", () => dialog.close());
    part(dialog, "previous").addEventListener("click", () => this.#turn(-1));
    part(dialog, "next").addEventListener("click", () => this.#turn(1));
    dialog.addEventListener("keydown", (event) => this.#pressed(event));
    part(dialog, "stage").addEventListener("click", ({ target, currentTarget }) => {
      if (target === currentTarget) dialog.close();
    });
    // Nothing is kept in memory that nobody looks at.
    onClosed(dialog, () => part(dialog, "image").removeAttribute("src"));
  }

  /** Opens with this link; the focus goes back to it. */
  open(link) {
    this.#pictures = [...link.closest(".pictures").querySelectorAll(".picture")];
    this.#show(this.#pictures.indexOf(link));
    this.#dialog.showModal();
    part(this.#dialog, "close").focus();
  }

  #pressed(event) {
    const steps = { ArrowLeft: -1, ArrowRight: 1 };
    if (!(event.key in steps)) return;
    event.preventDefault();
    this.#turn(steps[event.key]);
  }

  /** Round and round. */
  #turn(step) {
    this.#show((this.#at + step + this.#pictures.length) % this.#pictures.length);
  }

  #show(at) {
    this.#at = at;
    const { href } = this.#pictures[at];
    const { alt: name } = this.#pictures[at].querySelector("img");
    const image = part(this.#dialog, "image");
    image.src = href;
    image.alt = name;
    const [all, several] = [this.#pictures.length, this.#pictures.length > 1];
    setText(part(this.#dialog, "name"), name);
    setText(part(this.#dialog, "place"), several ? `${at + 1} of ${all}` : "");
    for (const way of ["previous", "next"]) show(part(this.#dialog, way), several);
    const download = part(this.#dialog, "download");
    download.href = href;
    download.download = name;
  }
}
