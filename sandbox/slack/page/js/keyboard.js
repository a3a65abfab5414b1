// The page by keyboard: everything here works wherever the focus is not in a field.

import { conversation } from "./conversation.js";
import { scenarioPanel, showPanel } from "./scenarios.js";
import { store } from "./state.js";
import { openHelp, openSwitcher } from "./switcher.js";
import { closeThread, openThread, thread } from "./thread.js";
import { closeMenu } from "./ui/popover.js";

const inField = (target) => target.closest?.("input, textarea, select, [contenteditable]");
const inControl = (target) => target.closest?.("button, a, summary, input, select, textarea");

/** The list that j, k and the arrows walk: the thread's when the focus is there. */
const activeList = () => (thread.node.contains(document.activeElement) ? thread.list : conversation.list);

function escape() {
  if (closeMenu()) return true;
  if (!scenarioPanel.panel.hidden) return showPanel(false);
  return closeThread();
}

const REGIONS = [
  ".sidebar .nav-item",
  ".main-pane .list-scroll, .main-pane .home",
  ".main-pane .composer-input",
  ".thread-pane .list-scroll",
  ".thread-pane .composer-input",
];

function nextRegion(step) {
  const places = REGIONS.map((selector) =>
    [...document.querySelectorAll(selector)].find((node) => node.checkVisibility()),
  ).filter(Boolean);
  const active = document.activeElement;
  const inside = (node) =>
    node === active ||
    (node.matches(".list-scroll, .home") && node.contains(active)) ||
    (node.matches(".nav-item") && active.closest(".sidebar"));
  const at = places.findIndex(inside);
  places[(at + step + places.length) % places.length]?.focus();
}

const KEYS = {
  j: () => activeList().move(1),
  k: () => activeList().move(-1),
  ArrowDown: () => activeList().move(1),
  ArrowUp: () => activeList().move(-1),
  "?": openHelp,
  b: () => showPanel(true),
  "/": () => {
    const { composer } = conversation;
    if (composer.node.hidden) return;
    composer.focus();
    if (!composer.input.value) composer.input.value = "/";
    composer.input.dispatchEvent(new Event("input"));
  },
  Enter: () => {
    const message = document.activeElement?.closest?.(".main-pane .message");
    if (message && message === document.activeElement && !message.classList.contains("is-ephemeral"))
      openThread(message.dataset.ts);
  },
};

function pressed(event) {
  if (event.defaultPrevented || event.isComposing) return;
  const command = event.ctrlKey || event.metaKey;
  if (document.querySelector("dialog[open]")) return; // a dialog has its own keys
  if (command && event.key.toLowerCase() === "k") {
    event.preventDefault();
    openSwitcher();
    return;
  }
  if (event.key === "F6") {
    event.preventDefault();
    nextRegion(event.shiftKey ? -1 : 1);
    return;
  }
  if (event.key === "Escape") {
    if (escape()) event.preventDefault();
    else if (inField(event.target)) conversation.list.move(0);
    return;
  }
  if (command || event.altKey || inField(event.target) || store.me === null) return;
  if (event.key === "Enter" && inControl(event.target)) return;
  if (event.key.startsWith("Arrow") && event.target.closest?.(".nav-scroll")) {
    walkSidebar(event);
    return;
  }
  if (Object.hasOwn(KEYS, event.key)) {
    event.preventDefault();
    KEYS[event.key]();
  }
}

function walkSidebar(event) {
  const items = [...document.querySelectorAll(".nav-item")];
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  if (!step) return;
  event.preventDefault();
  items[(items.indexOf(event.target) + step + items.length) % items.length]?.focus();
}

export function listenToKeys() {
  document.addEventListener("keydown", pressed);
}
