/* Runs before the first paint, so that a chosen theme does not flash. */
(function () {
  try {
    var theme = JSON.parse(localStorage.getItem("chat:theme"));
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch (error) {
    // Without storage the system's theme holds.
  }
})();
