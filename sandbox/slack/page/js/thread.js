// The pane on the right: one thread, with its own composer.

import { announce } from "./announce.js";
import { Composer } from "./composer.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { MessageList } from "./message_list.js";
import { botName } from "./people.js";
import { channelName, dmChannel, emit, on, store } from "./state.js";
import { openConversation, soon } from "./sync.js";

const list = new MessageList({ testid: "thread-messages", label: "Thread", inThread: true, divider });
const composer = new Composer({ testid: "thread-composer-input", where });
const place = h("span", { class: "topic" });
const shut = h(
  "button",
  {
    type: "button",
    class: "icon-only",
    testid: "thread-close",
    "aria-label": "Close thread",
    title: "Close (Esc)",
    on: { click: () => closeThread() },
  },
  icon("close"),
);
const node = h(
  "aside",
  { class: "thread-pane", id: "thread", testid: "thread-pane", "aria-label": "Thread", hidden: true },
  h(
    "header",
    { class: "pane-head" },
    h("div", { class: "pane-title" }, h("h2", { class: "title" }, "Thread"), place),
    shut,
  ),
  list.node,
  composer.node,
);

function where() {
  const channel = openConversation();
  return { channel, threadTs: store.thread, name: channelName(channel) };
}

function divider(message, index) {
  const count = store.replies.filter((each) => each.ts !== store.thread && !each.ephemeral).length;
  return index === 0 && count > 0 ? (count === 1 ? "1 reply" : `${count} replies`) : null;
}

/** Root first: the pane has something to show before the replies are read. */
function messages() {
  if (store.replies[0]?.ts === store.thread) return store.replies;
  const root = (store.messages.get(openConversation()) ?? []).find((message) => message.ts === store.thread);
  return [root, ...store.replies].filter(Boolean);
}

function draw() {
  if (!store.thread) return;
  const added = list.show(messages(), `${store.me}/${openConversation()}/${store.thread}`);
  for (const message of added) if (message.user !== store.me) announce(message, "in the thread");
}

export function openThread(ts, { focus = true } = {}) {
  if (store.thread !== ts) {
    store.thread = ts;
    store.replies = [];
  }
  node.hidden = false;
  document.body.classList.add("has-thread");
  const channel = openConversation();
  place.textContent = channel === dmChannel() ? botName() : `#${channelName(channel)}`;
  composer.show();
  draw();
  soon.thread();
  emit("thread-open");
  if (focus) composer.focus();
}

/** Close the pane; the focus goes back to the message it belongs to. */
export function closeThread() {
  if (!store.thread) return false;
  const root = document.querySelector(`.main-pane .message[data-ts="${CSS.escape(store.thread)}"]`);
  const within = node.contains(document.activeElement);
  store.thread = null;
  store.replies = [];
  node.hidden = true;
  document.body.classList.remove("has-thread");
  emit("thread-open");
  if (within) root?.focus({ preventScroll: true });
  return true;
}

on("thread", draw);
on("open-thread", (ts) => openThread(ts));
on("me", () => {
  if (store.thread) openThread(store.thread, { focus: false });
});

export const thread = { node, list, composer };
