// Left: the channels, the app, and who you are.

import { h, patch, rememberFocus } from "./dom.js";
import { icon } from "./icons.js";
import { PERSONA_NOTES, avatar, botId, botName, who } from "./people.js";
import { dmChannel, emit, on, persona, store } from "./state.js";
import { isUnread, myChannels } from "./sync.js";
import { openMenu } from "./ui/popover.js";

const channels = h("ul", { class: "nav-list" });
const apps = h("ul", { class: "nav-list" });
const me = h("button", {
  type: "button",
  class: "persona-switch",
  testid: "persona-switch",
  "aria-haspopup": "menu",
  "aria-expanded": "false",
  on: { click: choosePersona },
});
const team = h("div", { class: "team" });
const node = h(
  "nav",
  { class: "sidebar", "aria-label": "Workspace" },
  team,
  h(
    "div",
    { class: "nav-scroll" },
    h("h2", { class: "nav-title", id: "nav-channels" }, "Channels"),
    channels,
    h("h2", { class: "nav-title" }, "Apps"),
    apps,
  ),
  h("div", { class: "you" }, h("div", { class: "nav-title" }, "You are"), me),
);

function entry({ testid, current, unread, face, label, note, open }) {
  return h(
    "li",
    {},
    h(
      "button",
      {
        type: "button",
        class: `nav-item${unread ? " is-unread" : ""}`,
        testid,
        "aria-current": current ? "page" : null,
        on: { click: open },
      },
      face,
      h("span", { class: "nav-label" }, label),
      note,
      unread && h("span", { class: "unread-dot", role: "img", "aria-label": "unread" }),
    ),
  );
}

function draw() {
  const restore = rememberFocus(node);
  const { place, workspace } = store;
  patch(
    team,
    h("span", { class: "team-name" }, workspace.team?.name ?? "Sandbox"),
    h("span", { class: "team-note" }, "Local workspace"),
  );
  patch(
    channels,
    myChannels().map((channel) =>
      entry({
        testid: `channel-${channel.id}`,
        face: icon("hash"),
        label: channel.name,
        current: place.kind === "channel" && place.channel === channel.id,
        unread: isUnread(channel.id),
        open: () => emit("goto", { channel: channel.id, ts: null }),
      }),
    ),
  );
  const online =
    workspace.connections === undefined || workspace.connections > 0 || workspace.mode === "http";
  patch(
    apps,
    entry({
      testid: "app-home",
      face: avatar(who(botId()), "avatar-nav"),
      label: botName(),
      current: place.kind === "app",
      unread: Boolean(dmChannel()) && isUnread(dmChannel()),
      note: h("span", {
        class: `presence${online ? " is-online" : ""}`,
        role: "img",
        "aria-label": online ? "connected" : "not connected",
        title: online ? "Connected" : "Not connected: clicks and commands will fail",
      }),
      open: () => emit("goto", { app: "home" }),
    }),
  );
  const person = who(store.me);
  patch(
    me,
    avatar(person),
    h(
      "span",
      { class: "you-text" },
      h("span", { class: "you-name" }, person.name),
      h("span", { class: "you-note" }, noteOf(store.me)),
    ),
    icon("chevron", "you-chevron"),
  );
  me.setAttribute("aria-label", `You are ${person.name}. Switch persona`);
  restore();
}

function noteOf(id) {
  if (PERSONA_NOTES[id]) return PERSONA_NOTES[id];
  const each = persona(id);
  return each?.is_stranger
    ? "From another workspace"
    : each?.is_restricted
      ? "Guest"
      : (each?.groups ?? []).map((group) => `@${group}`).join(" ");
}

function choosePersona() {
  openMenu(
    me,
    store.workspace.personas.map((each) => ({
      label: each.real_name ?? each.name,
      note: noteOf(each.id),
      testid: `persona-${each.id}`,
      face: avatar(who(each.id)),
      checked: each.id === store.me,
      choose: () => emit("become", each.id),
    })),
    { className: "menu-wide", title: "See and act as" },
  );
}

on("workspace me place unread", draw);

export const sidebar = { node };
