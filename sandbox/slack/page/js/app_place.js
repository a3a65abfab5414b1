// The app's own place: its Home tab as published for this person, its messages, and what it listens to.

import { api } from "./api.js";
import { renderBlocks } from "./blocks/index.js";
import { h, fill, patch, rememberFocus } from "./dom.js";
import { avatar, botId, botName, who } from "./people.js";
import { dmChannel, emit, on, store } from "./state.js";
import { surfaceOf } from "./surface.js";

const TABS = [
  ["home", "Home"],
  ["messages", "Messages"],
  ["about", "About"],
];

const head = h("div", { class: "pane-title" });
const home = h("div", {
  class: "home",
  testid: "app-home-view",
  tabindex: "0",
  role: "region",
  "aria-label": "App Home",
});
const tabs = h("div", { class: "tabs", role: "tablist", "aria-label": "AgentOps" });

function drawTabs() {
  const shown = TABS.filter(([tab]) => tab !== "messages" || dmChannel());
  const restore = rememberFocus(tabs);
  patch(
    tabs,
    shown.map(([tab, label]) =>
      h(
        "button",
        {
          type: "button",
          class: "tab",
          role: "tab",
          testid: `tab-${tab}`,
          "aria-selected": String(store.place.tab === tab),
          on: { click: () => emit("goto", { app: tab }) },
        },
        label,
      ),
    ),
  );
  restore();
  patch(
    head,
    h("h1", { class: "title" }, avatar(who(botId()), "avatar-nav"), botName()),
    h("span", { class: "badge" }, "APP"),
  );
}

let drawn = "";

function drawHome() {
  if (store.place.kind !== "app") return;
  drawTabs();
  const wanted = JSON.stringify([store.place.tab, store.me, store.home, store.workspace.commands]);
  if (wanted === drawn) return; // a button must not be drawn anew under the mouse
  drawn = wanted;
  if (store.place.tab === "about") fill(home, h("div", { class: "home-inner" }, about()));
  if (store.place.tab !== "home") return;
  const restore = rememberFocus(home);
  const view = store.home;
  const surface = view && surfaceOf("home", { view_id: view.id });
  fill(
    home,
    h(
      "div",
      { class: "home-inner blocks" },
      view?.blocks?.length ? renderBlocks(view.blocks, surface) : empty(),
    ),
  );
  restore();
}

function empty() {
  return h(
    "div",
    { class: "home-empty", testid: "home-empty" },
    avatar(who(botId()), "avatar-large"),
    h("p", {}, `${botName()} has not shown anything here yet.`),
    h("p", { class: "muted" }, "It draws this page when you open it; a moment, if it has just started."),
  );
}

function about() {
  const line = (text, note) => [
    h("dt", {}, h("code", { class: "code" }, text.trim())),
    h("dd", {}, note ?? ""),
  ];
  const commands = store.workspace.commands.flatMap((each) =>
    each.completions?.length
      ? each.completions.map((entry) => line(`${entry.text.trim()} ${entry.hint ?? ""}`, entry.description))
      : [line(`${each.command} ${each.usage_hint ?? ""}`, each.description)],
  );
  return [
    h("h2", { class: "block-header" }, `What ${botName()} listens to`),
    h(
      "p",
      { class: "text" },
      "Slash commands in a channel it is in, and mentions with @agentops, in a thread above all.",
    ),
    h("dl", { class: "command-list" }, commands),
    h("h2", { class: "block-header" }, "What this workspace is"),
    h(
      "p",
      { class: "text" },
      "A local stand-in for Slack, spoken to by the real Bolt app over Socket Mode. Nothing here leaves your machine. What works here is no proof against the real Slack.",
    ),
  ];
}

/** Tell the app that its Home was opened, as Slack does each time. */
export async function openedHome() {
  try {
    await api.openHome(store.me);
  } catch {
    // away: the banner says so, and Home is read again when the connection is back
  }
}

on("home place me workspace", drawHome);

export const appPlace = { head, tabs, home };
