/** Says something to those who hear the page; the same words again are said again. */
export const announcerOf = (element) => (words) => {
  element.textContent = "";
  requestAnimationFrame(() => {
    element.textContent = words;
  });
};
