// Tells screen readers of new messages, a sentence each, without reading whole cards out.

const region = () => document.getElementById("live");

/** Say who wrote, and how it begins. */
export function announce(message, where = "") {
  const begin = String(message.text ?? "")
    .replace(/<([^|>]+\|)?([^>]*)>/g, "$2")
    .slice(0, 160);
  say(`${message.username ?? message.user} wrote ${where}: ${begin}`);
}

export function say(text) {
  const place = region();
  if (place) place.textContent = text;
}
