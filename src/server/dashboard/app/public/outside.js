// Shows the header of pages of others in the colours that were chosen on the dashboard's own (theme.ts).
try {
  const theme = localStorage.getItem("stevedore-theme");
  const header = document.querySelector(".stevedore-header");
  if (header !== null && (theme === "light" || theme === "dark")) {
    header.dataset.theme = theme;
    // A page of the dashboard's own look follows.
    document.documentElement.dataset.theme = theme;
  }
} catch {
  // A browser that keeps nothing shows them as the system has it.
}
