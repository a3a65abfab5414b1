// Reading the workspace into the store, and the stream that says when to read again.

import { ApiError, api } from "./api.js";
import { coalesce } from "./dom.js";
import { channelById, dmChannel, emit, persona, store } from "./state.js";

/** The channels this persona can open: its own, without the direct messages. */
export function myChannels() {
  const mine = persona()?.channels;
  return store.workspace.channels.filter((channel) => !mine || mine.includes(channel.id));
}

/** The conversation that is open, or null on the app's Home tab. */
export function openConversation() {
  if (store.place.kind === "channel") return store.place.channel;
  return store.place.tab === "messages" ? dmChannel() : null;
}

export async function readWorkspace() {
  store.workspace = { ...store.workspace, ...(await api.state()) };
  emit("workspace");
}

export async function readScenarios() {
  const answer = await api.scenarios();
  store.scenarios = Array.isArray(answer) ? answer : (answer.scenarios ?? []);
  emit("scenarios");
}

export async function readWorld() {
  store.world = await api.world();
  emit("world");
}

export async function readChannel(channel) {
  const me = store.me;
  const { messages } = await api.messages(channel, me);
  if (me !== store.me) return;
  store.messages.set(channel, messages ?? []);
  if (!store.seen.has(channel) || (channel === openConversation() && !document.hidden)) markSeen(channel);
  emit("channel", channel);
  emit("unread");
}

/** The newest message at the top level, of anybody else or oneself; "" when there is none. */
export function newest(channel) {
  return (store.messages.get(channel) ?? []).at(-1)?.ts ?? "";
}

export function markSeen(channel) {
  store.seen.set(channel, newest(channel));
  emit("unread");
}

export const isUnread = (channel) => newest(channel) > (store.seen.get(channel) ?? "");

export async function readThread() {
  const { thread, me } = store;
  const channel = openConversation();
  if (!thread || !channel) return;
  const { messages } = await api.messages(channel, me, thread);
  if (thread !== store.thread || me !== store.me) return;
  store.replies = messages ?? [];
  emit("thread");
}

export async function readViews() {
  const me = store.me;
  const { views } = await api.views(me);
  if (me !== store.me) return;
  store.views = views ?? [];
  emit("views");
}

export async function readHome() {
  const me = store.me;
  const { view } = await api.home(me);
  if (me !== store.me) return;
  store.home = view ?? null;
  emit("home");
}

/** Everything this persona sees, anew. */
export async function readAll() {
  await readWorkspace();
  const channels = [...myChannels().map((channel) => channel.id), dmChannel()].filter(Boolean);
  await Promise.all([...channels.map(readChannel), readThread(), readViews(), readHome()]);
}

// A read that fails while the sandbox is away is not an error of the page: the banner says so, and on
// reconnection everything is read again.
function quietly(read) {
  return async () => {
    try {
      await read();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 401 || error.status === 403) emit("locked");
      else if (error.status === 0) setConnected(false);
    }
  };
}

const again = {
  all: coalesce(quietly(readAll)),
  thread: coalesce(quietly(readThread)),
  views: coalesce(quietly(readViews)),
  home: coalesce(quietly(readHome)),
  workspace: coalesce(quietly(readWorkspace)),
  scenarios: coalesce(quietly(readScenarios)),
  world: coalesce(quietly(readWorld)),
  channels: new Map(),
};

export function readChannelSoon(channel) {
  if (!again.channels.has(channel))
    again.channels.set(channel, coalesce(quietly(() => readChannel(channel))));
  again.channels.get(channel)();
}

export const soon = again;

function changed({ what, channel, thread_ts: threadTs, user }) {
  if (user && user !== store.me) return;
  switch (what) {
    case "messages":
    case "ephemerals":
      if (!channel) again.all();
      else if (channelById(channel) || channel === dmChannel()) readChannelSoon(channel);
      if (
        store.thread &&
        (!channel || channel === openConversation()) &&
        (!threadTs || threadTs === store.thread || what === "messages")
      )
        again.thread();
      break;
    case "views":
      again.views();
      break;
    case "home":
      again.home();
      break;
    case "world":
      again.workspace();
      again.scenarios();
      again.world();
      break;
    default:
      again.workspace();
  }
}

function setConnected(connected) {
  if (store.connected === connected) return;
  store.connected = connected;
  emit("connection");
}

/** Listen for changes for as long as the page is open; reconnects by itself, and then reads everything again. */
export function listen() {
  let wait = 500;
  const open = () => {
    const source = new EventSource("/_sandbox/stream");
    source.addEventListener("open", () => {
      wait = 500;
      const wasAway = !store.connected;
      setConnected(true);
      if (wasAway) {
        again.all();
        again.scenarios();
        again.world();
      }
    });
    source.addEventListener("message", (event) => {
      const note = JSON.parse(event.data);
      if (note.type === "changed") changed(note);
    });
    source.addEventListener("error", () => {
      setConnected(false);
      if (source.readyState !== EventSource.CLOSED) return;
      setTimeout(open, wait);
      wait = Math.min(wait * 2, 8000);
    });
    window.addEventListener("pagehide", () => source.close(), { once: true });
  };
  open();
}
