// What the page knows, in one place, and who wants to hear of changes to it. No rendering here.

const listeners = new Map();

/** Call `fn` whenever one of the named topics changes. */
export function on(topics, fn) {
  for (const topic of topics.split(" ")) {
    if (!listeners.has(topic)) listeners.set(topic, new Set());
    listeners.get(topic).add(fn);
  }
}

/** Say that a topic changed: workspace, me, place, channel, thread, unread, views, home, scenarios, connection. */
export function emit(topic, detail) {
  for (const fn of listeners.get(topic) ?? []) fn(detail);
}

export const store = {
  /** The answer of /_sandbox/state. */
  workspace: { personas: [], channels: [], commands: [] },
  /** The persona whose eyes these are. */
  me: null,
  /** Where we are: {kind: "channel", channel} or {kind: "app", tab: "home" | "messages"}. */
  place: { kind: "channel", channel: null },
  /** The open thread's root ts, or null. */
  thread: null,
  /** channel id -> top-level messages as last fetched. */
  messages: new Map(),
  /** Messages of the open thread, root first. */
  replies: [],
  /** channel id -> ts of the newest message this persona has seen. */
  seen: new Map(),
  views: [],
  home: null,
  scenarios: [],
  /** The answer of /_sandbox/world. */
  world: null,
  connected: true,
};

/** The persona record of `me`. */
export function persona(id = store.me) {
  return store.workspace.personas.find((each) => each.id === id);
}

export function channelById(id) {
  return store.workspace.channels.find((each) => each.id === id);
}

export function channelName(id) {
  return channelById(id)?.name ?? id;
}

/** The channel of the direct messages between this persona and the app. */
export const dmChannel = () => persona()?.dm ?? null;

/** The scenarios started and not undone: {name, model, state}; `state` is "disturbed" until the model has healed. */
export function runs() {
  return store.world?.scenarios ?? store.workspace.scenarios ?? [];
}

/** Those that still hurt. */
export const troubles = () => runs().filter((run) => run.state === "disturbed");

const preferences = {
  get(key) {
    try {
      return localStorage.getItem(`agentops.${key}`);
    } catch {
      return null; // storage is switched off in this browser: the choice lasts for the page
    }
  },
  set(key, value) {
    try {
      localStorage.setItem(`agentops.${key}`, value);
    } catch {
      // as above
    }
  },
};

export { preferences };
