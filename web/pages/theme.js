// Runs before the first paint, so that the chosen colours do not flash in late.
(() => {
  try {
    document.documentElement.dataset.theme = localStorage.getItem("theme") || "auto";
  } catch {
    document.documentElement.dataset.theme = "auto";  // storage is blocked
  }
})();
