const KEY = "chat:theme";
const SYSTEM = "system";

/** Light, dark, or what the system says; theme.js applies it again before the next page is painted. */
export function chooseTheme({ menu, storage, root = document.documentElement }) {
  const chosen = storage.get(KEY) ?? SYSTEM;
  for (const radio of menu.querySelectorAll("input[name=theme]")) {
    radio.checked = radio.value === chosen;
    radio.addEventListener("change", () => apply(radio.value));
  }
  function apply(theme) {
    if (theme === SYSTEM) {
      delete root.dataset.theme;
      storage.remove(KEY);
    } else {
      root.dataset.theme = theme;
      storage.set(KEY, theme);
    }
  }
}
