// Pieces of running text that every notation shares: mentions, channels, dates, broadcasts, plain text with signs.

import { h } from "../dom.js";
import { groupHandle, who } from "../people.js";
import { channelById, channelName, emit, store } from "../state.js";
import { formatDate } from "../time.js";
import { SIGNS, emoji } from "./emoji.js";
import { link, safeUrl } from "./links.js";

const SIGN = new RegExp(`(${Object.keys(SIGNS).join("|")})`, "gu");
const URL_IN_TEXT = /https?:\/\/[^\s<>"'`|]+[^\s<>"'`|.,;:!?)\]}]/g;

/** Text as nodes, with the state signs drawn. */
export function words(text) {
  return String(text)
    .split(SIGN)
    .filter(Boolean)
    .map((part) => (Object.hasOwn(SIGNS, part) ? emoji(SIGNS[part]) : part.replace(/^\ufe0f/, "")));
}

/** Text with bare web addresses made links. */
export function wordsWithLinks(text) {
  const nodes = [];
  let last = 0;
  for (const match of text.matchAll(URL_IN_TEXT)) {
    nodes.push(words(text.slice(last, match.index)), safeUrl(match[0]) ? link(match[0], match[0]) : match[0]);
    last = match.index + match[0].length;
  }
  nodes.push(words(text.slice(last)));
  return nodes.flat();
}

export function userMention(id, label) {
  const person = who(id, label);
  const mine = id === store.me;
  return h("span", { class: mine ? "mention mention-me" : "mention" }, `@${person.name}`);
}

export function groupMention(id, label) {
  return h("span", { class: "mention" }, label ? `@${label.replace(/^@/, "")}` : `@${groupHandle(id)}`);
}

/** A channel's name; a click goes there when it is one of ours. */
export function channelMention(id, label) {
  const name = channelById(id) ? channelName(id) : label || id;
  if (!channelById(id)) return h("span", { class: "mention" }, `#${name}`);
  const open = () => emit("goto", { channel: id, ts: null });
  return h("button", { class: "mention mention-channel", type: "button", on: { click: open } }, `#${name}`);
}

/** @channel, @here, @everyone: shown loud, because a real Slack would ring everybody's bell. */
export function broadcast(range) {
  return h("span", { class: "mention mention-broadcast" }, `@${range}`);
}

export function dateToken(seconds, format, address, fallback) {
  const shown = formatDate(seconds, format) ?? fallback ?? String(seconds);
  const node = h(
    "time",
    { class: "date-token", title: formatDate(seconds, "{date_long} {time_secs}") },
    shown,
  );
  return address && safeUrl(address) ? link(address, [node]) : node;
}

const SHORT = 24;

/** Code within a line; a short piece stays on one line. */
export function code(text) {
  return h("code", { class: text.length > SHORT ? "code" : "code code-short" }, text);
}

/** Emoji shortcodes within text. */
export function withEmoji(text, rest = words) {
  return text.split(/(:[a-z0-9_+-]+(?:::skin-tone-\d)?:)/i).flatMap((part) => {
    const name = /^:([a-z0-9_+-]+)(?:::skin-tone-\d)?:$/i.exec(part)?.[1];
    if (name && !/^\d+$/.test(name)) {
      const node = emoji(name);
      return node.classList?.contains("emoji-unknown") ? [part] : [node];
    }
    return part ? rest(part) : [];
  });
}
