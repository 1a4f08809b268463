/** Between the opener and what it opens, and between that and the edge of the window. */
const GAP_PX = 4;
const EDGE_PX = 8;

/** Below this a popup is a sheet at the foot of the window; the same number stands in popup.css. */
const NARROW = "(max-width: 44.9375rem)";

/**
 * Something small that opens beside what was pressed, and closes with Escape or a press elsewhere; the
 * focus goes back to where it was. On a phone it is a sheet.
 */
export class Popup {
  #element;
  #anchor = null;

  /** `closed()` is called each time it has closed. */
  constructor(element, { closed = () => {} } = {}) {
    this.#element = element;
    element.addEventListener("toggle", ({ newState }) => {
      this.#anchor?.toggleAttribute("data-pressed", newState === "open");
      if (newState === "closed") closed();
    });
  }

  get isOpen() {
    return this.#element.matches(":popover-open");
  }

  /** Opens beside this element; the one that opened it closes it. */
  open(anchor) {
    this.close();
    this.#anchor = anchor;
    this.#element.showPopover();
    if (!matchMedia(NARROW).matches) this.#place(anchor.getBoundingClientRect());
  }

  close() {
    if (this.isOpen) this.#element.hidePopover();
  }

  /** Under the anchor where there is room, else over it; never outside the window. */
  #place(anchor) {
    const { offsetWidth: width, offsetHeight: height } = this.#element;
    const under = anchor.bottom + GAP_PX;
    const over = anchor.top - GAP_PX - height;
    const fits = under + height <= innerHeight - EDGE_PX;
    const left = anchor.left + width > innerWidth - EDGE_PX ? anchor.right - width : anchor.left;
    this.#element.style.setProperty("--left", `${within(left, width, innerWidth)}px`);
    this.#element.style.setProperty("--top", `${within(fits ? under : over, height, innerHeight)}px`);
  }
}

const within = (start, size, room) => Math.max(EDGE_PX, Math.min(start, room - size - EDGE_PX));
