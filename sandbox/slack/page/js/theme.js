// Light or dark before the first paint: a plain script in the head, so the page never flashes. The toggle in main.js
// sets the same attribute and the same key.
try {
  const chosen = localStorage.getItem("agentops.theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
  // storage is switched off: the system's preference decides
}
