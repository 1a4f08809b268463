/* Runs before the first paint, so that neither a chosen theme nor open members come a moment late. */
(function () {
  var root = document.documentElement;
  try {
    var theme = JSON.parse(localStorage.getItem("chat:theme"));
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    var wide = matchMedia("(min-width: 75rem)").matches;
    if (wide && localStorage.getItem("chat:members") === "true") root.dataset.members = "open";
  } catch (error) {
    // Without storage the system's theme holds.
  }
})();
