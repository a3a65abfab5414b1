// Ctrl/Cmd+K: go anywhere, become anybody, by typing a few letters. And the list of shortcuts.

import { h, fill } from "./dom.js";
import { icon } from "./icons.js";
import { avatar, botId, botName, who } from "./people.js";
import { emit, store } from "./state.js";
import { myChannels } from "./sync.js";
import { showDialog } from "./ui/dialog.js";

function places() {
  return [
    ...myChannels().map((channel) => ({
      label: channel.name,
      note: "Channel",
      face: icon("hash"),
      testid: `switch-${channel.id}`,
      go: () => emit("goto", { channel: channel.id, ts: null }),
    })),
    {
      label: botName(),
      note: "App Home",
      face: avatar(who(botId()), "avatar-small"),
      testid: "switch-app",
      go: () => emit("goto", { app: "home" }),
    },
    ...store.workspace.personas
      .filter((each) => each.id !== store.me)
      .map((each) => ({
        label: each.real_name ?? each.name,
        note: "Become",
        face: avatar(who(each.id), "avatar-small"),
        testid: `switch-${each.id}`,
        go: () => emit("become", each.id),
      })),
    {
      label: "Break something",
      note: "Scenarios",
      face: icon("bolt"),
      testid: "switch-scenarios",
      go: () => emit("show-scenarios"),
    },
  ];
}

let open = null;

export function openSwitcher() {
  if (open) return;
  let at = 0;
  let found = [];
  const input = h("input", {
    class: "switcher-input",
    testid: "switcher-input",
    type: "text",
    placeholder: "Go to a channel, the app, or become someone…",
    role: "combobox",
    "aria-expanded": "true",
    "aria-controls": "switcher-list",
    "aria-label": "Go to",
    autocomplete: "off",
  });
  const list = h("ul", {
    class: "switcher-list",
    role: "listbox",
    id: "switcher-list",
    "aria-label": "Places",
  });
  const close = () => {
    open.close();
    open = null;
  };
  const choose = (place) => {
    close();
    place?.go();
  };
  const draw = () => {
    const typed = input.value.trim().toLowerCase().replace(/^[#@]/, "");
    found = places().filter((place) => place.label.toLowerCase().includes(typed));
    at = Math.min(at, Math.max(0, found.length - 1));
    fill(
      list,
      found.map((place, index) =>
        h(
          "li",
          {
            class: "switcher-item",
            role: "option",
            id: `switcher-${index}`,
            testid: place.testid,
            "aria-selected": String(index === at),
            on: { click: () => choose(place) },
          },
          place.face,
          h("span", { class: "switcher-label" }, place.label),
          h("span", { class: "muted" }, place.note),
        ),
      ),
      !found.length && h("li", { class: "muted switcher-none" }, "Nothing by that name"),
    );
    input.setAttribute("aria-activedescendant", `switcher-${at}`);
    list.children[at]?.scrollIntoView({ block: "nearest" });
  };
  input.addEventListener("input", () => {
    at = 0;
    draw();
  });
  input.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      at = (at + step + found.length) % Math.max(1, found.length);
      draw();
    } else if (event.key === "Enter") {
      event.preventDefault();
      choose(found[at]);
    }
  });
  open = showDialog({
    testid: "switcher",
    label: "Go to",
    className: "switcher",
    content: [h("div", { class: "switcher-head" }, icon("search"), input), list],
    cancelled: close,
    light: true,
  });
  draw();
  input.focus();
}

export const SHORTCUTS = [
  ["Ctrl K / ⌘ K", "Go to a channel, the app, or another persona"],
  ["j  k  or  ↓  ↑", "Next and previous message"],
  ["Enter", "Open the thread of the message"],
  ["Esc", "Close what is open: list, dialog, panel, thread"],
  ["F6", "Next part of the page"],
  ["/", "Write a slash command"],
  ["Enter  ·  Shift Enter", "Send  ·  new line"],
  ["Ctrl Enter / ⌘ Enter", "Submit a dialog"],
  ["b", "Break something"],
  ["?", "This list"],
];

let help = null;

export function openHelp() {
  if (help) return;
  const close = () => {
    help.close();
    help = null;
  };
  const rows = SHORTCUTS.map(([keys, what]) =>
    h("div", { class: "shortcut" }, h("kbd", {}, keys), h("span", {}, what)),
  );
  const shut = h(
    "button",
    { type: "button", class: "icon-only", testid: "help-close", "aria-label": "Close", on: { click: close } },
    icon("close"),
  );
  help = showDialog({
    testid: "shortcuts",
    label: "Keyboard shortcuts",
    className: "dialog-small",
    light: true,
    cancelled: close,
    content: [
      h("header", { class: "modal-head" }, h("h2", { class: "dialog-title" }, "Keyboard shortcuts"), shut),
      h("div", { class: "dialog-body shortcuts" }, rows),
    ],
  });
  shut.focus();
}
