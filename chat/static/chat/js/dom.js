/** Below this the page has one column; the same number stands in the style sheets. */
export const NARROW = "(max-width: 44.9375rem)";

/** The piece of a component that carries this `data-part`. */
export const part = (root, name) => root.querySelector(`[data-part="${name}"]`);

/** The one element of a template, ready to be filled. */
export const clone = (template) => template.content.firstElementChild.cloneNode(true);

/**
 * A part that only some have: made from its template when it is wanted, taken away when it is not.
 * Returns it, or null. `place(element)` puts a new one where it belongs.
 */
export function optional(root, name, wanted, { template, place }) {
  const known = part(root, name);
  if (known && !wanted) known.remove();
  if (!wanted) return null;
  if (known) return known;
  const made = clone(template);
  place(made);
  return made;
}

/** Sets text only where it differs, so that live regions say it once. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Shows or hides; returns whether that was a change. */
export function show(element, visible) {
  const changed = element.hasAttribute("hidden") === visible;
  // An icon has the attribute, but not the property.
  element.toggleAttribute("hidden", !visible);
  return changed;
}

/** Sets or removes `data-…`, for styles and tests to see. */
export function flag(element, name, on) {
  element.toggleAttribute(`data-${name}`, on);
}

/** A name inside a sentence: its own element, so that its direction stays its own. */
export function strong(text) {
  const element = document.createElement("strong");
  element.dir = "auto";
  element.textContent = text;
  return element;
}

/** Calls back when a dialogue was closed. The event comes a little later: by then it may be open again. */
export function onClosed(dialog, closed) {
  dialog.addEventListener("close", () => dialog.open || closed());
}

/** Focus only where it brings up no keyboard over the page. */
export const hasFinePointer = () => matchMedia("(pointer: fine)").matches;
