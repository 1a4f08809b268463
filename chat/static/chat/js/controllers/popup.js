import { NARROW, onClosed } from "chat/dom.js";

/** Between the opener and what it opens, and between that and the edge of the window. */
const GAP_PX = 4;
const EDGE_PX = 8;

/**
 * Something small that opens beside what was pressed, and closes with Escape or a press elsewhere; the
 * focus goes back to where it was. On a phone it is a sheet.
 */
export class Popup {
  #dialog;
  #anchor = null;

  /** `closed()` is called each time it has closed. */
  constructor(dialog, { closed = () => {} } = {}) {
    this.#dialog = dialog;
    onClosed(dialog, () => {
      this.#anchor.removeAttribute("data-pressed");
      closed();
    });
    dialog.addEventListener("pointerdown", (event) => {
      if (event.target === dialog && isOutside(dialog, event)) this.close();
    });
  }

  get isOpen() {
    return this.#dialog.open;
  }

  /** Opens beside this element. */
  open(anchor) {
    this.close();
    this.#anchor?.removeAttribute("data-pressed");
    this.#anchor = anchor;
    anchor.setAttribute("data-pressed", "");
    this.#dialog.showModal();
    if (!matchMedia(NARROW).matches) this.#place(anchor.getBoundingClientRect());
  }

  close() {
    if (this.isOpen) this.#dialog.close();
  }

  /** Under the anchor where there is room, else over it; never outside the window. */
  #place(anchor) {
    const { offsetWidth: width, offsetHeight: height } = this.#dialog;
    const under = anchor.bottom + GAP_PX;
    const over = anchor.top - GAP_PX - height;
    const fits = under + height <= innerHeight - EDGE_PX;
    const left = anchor.left + width > innerWidth - EDGE_PX ? anchor.right - width : anchor.left;
    this.#dialog.style.setProperty("--left", `${within(left, width, innerWidth)}px`);
    this.#dialog.style.setProperty("--top", `${within(fits ? under : over, height, innerHeight)}px`);
  }
}

const within = (start, size, room) => Math.max(EDGE_PX, Math.min(start, room - size - EDGE_PX));

/** A press on what a modal dialog lies over arrives at the dialog itself. */
function isOutside(dialog, { clientX, clientY }) {
  const { left, right, top, bottom } = dialog.getBoundingClientRect();
  return clientX < left || clientX > right || clientY < top || clientY > bottom;
}
