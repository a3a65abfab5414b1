// Puts the page together, and decides where we are.

import { ApiError } from "./api.js";
import { appPlace, openedHome } from "./app_place.js";
import { conversation } from "./conversation.js";
import { fill, h } from "./dom.js";
import { icon } from "./icons.js";
import { listenToKeys } from "./keyboard.js";
import "./modal.js";
import { forgetFailures } from "./pending.js";
import { scenarioPanel, showPanel } from "./scenarios.js";
import { sidebar } from "./sidebar.js";
import { channelById, channelName, dmChannel, emit, on, preferences, store } from "./state.js";
import { openHelp, openSwitcher } from "./switcher.js";
import {
  isUnread,
  listen,
  markSeen,
  myChannels,
  openConversation,
  readAll,
  readChannel,
  readWorkspace,
  soon,
} from "./sync.js";
import { permalink } from "./text/links.js";
import { closeThread, openThread, thread } from "./thread.js";
import { ago } from "./time.js";

const paneHead = h("header", { class: "pane-head" });
const banner = h(
  "div",
  { class: "banner", role: "alert", testid: "connection-banner", hidden: true },
  h("span", { class: "spinner" }),
  "Connection lost, trying again",
);
const mainPane = h(
  "main",
  { class: "main-pane", id: "main", tabindex: "-1" },
  paneHead,
  appPlace.tabs,
  appPlace.home,
  conversation.body,
);

function topBar() {
  const isDark = () =>
    (document.documentElement.dataset.theme ??
      (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const theme = h("button", {
    type: "button",
    class: "top-icon",
    testid: "theme-toggle",
    on: { click: () => setTheme(isDark() ? "light" : "dark") },
  });
  const setTheme = (name) => {
    if (name) {
      document.documentElement.dataset.theme = name;
      preferences.set("theme", name);
    }
    const label = isDark() ? "Switch to light" : "Switch to dark";
    theme.setAttribute("aria-label", label);
    theme.title = label;
    fill(theme, icon(isDark() ? "sun" : "moon"));
  };
  setTheme();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => setTheme());
  return h(
    "header",
    { class: "top-bar" },
    h(
      "div",
      { class: "brand" },
      h("span", { class: "brand-sign" }, icon("bolt")),
      h("span", { class: "brand-name" }, "AgentOps"),
      h("span", { class: "brand-note" }, "sandbox"),
    ),
    h(
      "button",
      { type: "button", class: "top-search", testid: "switcher-open", on: { click: openSwitcher } },
      icon("search"),
      h("span", {}, "Go to…"),
      h("kbd", {}, "Ctrl K"),
    ),
    h(
      "div",
      { class: "top-right" },
      scenarioPanel.opener,
      theme,
      h(
        "button",
        {
          type: "button",
          class: "top-icon",
          testid: "help-open",
          "aria-label": "Keyboard shortcuts",
          title: "Keyboard shortcuts (?)",
          on: { click: openHelp },
        },
        icon("help"),
      ),
    ),
  );
}

function drawPlace() {
  const inApp = store.place.kind === "app";
  const conversing = openConversation() !== null;
  fill(paneHead, inApp ? appPlace.head : conversation.header);
  appPlace.tabs.hidden = !inApp;
  appPlace.home.hidden = conversing;
  for (const part of conversation.body) part.classList.toggle("is-away", !conversing);
  drawTitle();
}

function drawTitle() {
  const unread = myChannels().filter((channel) => isUnread(channel.id)).length;
  const here = store.place.kind === "app" ? "AgentOps" : `#${channelName(store.place.channel)}`;
  document.title = `${unread ? `(${unread}) ` : ""}${here} · AgentOps sandbox`;
  const address =
    store.place.kind === "app"
      ? `#app/${store.place.tab}`
      : `#${store.place.channel}${store.thread ? `/${store.thread}` : ""}`;
  if (location.hash !== address) history.replaceState(null, "", address);
}

/** Go to a channel (and a message in it), or to one of the app's tabs. */
async function goto({ channel, ts, threadTs, app }) {
  const toDm = channel && channel === dmChannel();
  if (channel && !toDm && !channelById(channel)) return;
  const place = app || toDm ? { kind: "app", tab: toDm ? "messages" : app } : { kind: "channel", channel };
  if (JSON.stringify(place) !== JSON.stringify(store.place)) {
    closeThread();
    store.place = place;
    emit("place");
  }
  const here = openConversation();
  if (here) markSeen(here);
  if (place.kind === "app" && place.tab === "home") await openedHome();
  soon.home();
  if (ts) await reveal(here, ts, threadTs);
}

async function reveal(channel, ts, threadTs) {
  await readChannel(channel);
  const message = store.messages.get(channel)?.find((each) => each.ts === ts);
  const root = threadTs ?? (message?.reply_count ? ts : null);
  if (root) openThread(root, { focus: false });
  conversation.list.reveal(threadTs ?? ts);
}

async function become(id) {
  if (!store.workspace.personas.some((each) => each.id === id)) return;
  store.me = id;
  preferences.set("persona", id);
  forgetFailures();
  store.messages = new Map();
  store.seen = new Map();
  store.home = null;
  const mine = myChannels();
  if (
    store.place.kind === "channel" &&
    mine.length &&
    !mine.some((channel) => channel.id === store.place.channel)
  ) {
    closeThread();
    store.place = { kind: "channel", channel: mine[0].id };
    emit("place");
  }
  emit("me");
  soon.all();
  if (store.place.kind === "app") await openedHome();
}

function incidentsChannel() {
  const mine = myChannels();
  return (
    mine.find((channel) => /incident/.test(channel.name)) ??
    mine.find((channel) => channel.bot_is_member) ??
    mine[0]
  );
}

function fromAddress() {
  const archived = permalink(new URL(location.href));
  if (archived) return archived;
  const [place, ts] = decodeURIComponent(location.hash.slice(1)).split("/");
  if (place === "app") return { app: ["home", "messages", "about"].includes(ts) ? ts : "home" };
  return channelById(place) ? { channel: place, ts } : null;
}

function locked() {
  fill(
    document.getElementById("page"),
    h(
      "div",
      { class: "locked", testid: "locked" },
      h("span", { class: "brand-sign" }, icon("bolt")),
      h("h1", {}, "This workspace needs its key"),
      h(
        "p",
        {},
        "Open the whole address that ",
        h("code", { class: "code" }, "agentops demo"),
        " printed: its last part is the key, and this browser does not have it.",
      ),
    ),
  );
}

function build() {
  document
    .getElementById("page")
    .replaceChildren(
      topBar(),
      banner,
      h("div", { class: "columns" }, sidebar.node, mainPane, thread.node),
      scenarioPanel.panel,
    );
  listenToKeys();
  on("goto", goto);
  on("become", become);
  on("show-scenarios", () => showPanel(true));
  on("goto-incidents", () => incidentsChannel() && goto({ channel: incidentsChannel().id }));
  on("place", drawPlace);
  on("unread thread-open workspace", drawTitle);
  on("connection", () => {
    banner.hidden = store.connected;
  });
  document.addEventListener("visibilitychange", () => {
    const here = openConversation();
    if (!document.hidden && here) markSeen(here);
  });
  setInterval(() => {
    for (const node of document.querySelectorAll("[data-ago]")) node.textContent = ago(node.dataset.ago);
  }, 20_000);
}

async function begin() {
  on("locked", locked);
  try {
    await readWorkspace();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 401 || error.status === 403) return locked();
    setTimeout(begin, 1000);
    return;
  }
  const known = store.workspace.personas.map((each) => each.id);
  const before = preferences.get("persona");
  store.me = known.includes(before) ? before : known[0];
  store.place = { kind: "channel", channel: incidentsChannel()?.id ?? null };
  build();
  const start = fromAddress();
  emit("workspace");
  emit("place");
  emit("me");
  listen(); // before the first reading, so that no change falls between the two
  await readAll();
  soon.scenarios();
  soon.world();
  if (start) await goto(start);
  document.body.dataset.ready = "true";
}

await begin();
