// Slack's mrkdwn: *bold* _italic_ ~strike~ `code` ```pre``` > quote, <url|label>, <@U>, <#C>, <!date^...>, :emoji:.
// `&amp; &lt; &gt;` are the only entities, and they are decoded last, so escaped text never becomes markup.

import { h } from "../dom.js";
import {
  broadcast,
  channelMention,
  code,
  dateToken,
  groupMention,
  userMention,
  withEmoji,
  words,
  wordsWithLinks,
} from "./inline.js";
import { link } from "./links.js";

const STYLES = { "*": "strong", _: "em", "~": "s" };
const OPENER = /[<`*_~]/;

export function decode(text) {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

/** The nodes of a mrkdwn string: blocks of preformatted and quoted lines, and running text between. */
export function mrkdwn(text, { verbatim = false } = {}) {
  const nodes = [];
  for (const [index, part] of String(text ?? "")
    .split(/```\n?([\s\S]+?)\n?```\n?/g)
    .entries()) {
    if (index % 2) nodes.push(h("pre", { class: "pre" }, decode(unwrapLinks(part))));
    else nodes.push(...quotesAndText(part, verbatim));
  }
  return nodes;
}

/** Inside code, Slack shows <url|label> as its label. */
function unwrapLinks(text) {
  return text.replace(/<((?:https?|mailto):[^>|]+)(?:\|([^>]*))?>/g, (_, address, label) => label ?? address);
}

function quotesAndText(text, verbatim) {
  if (!text) return [];
  const nodes = [];
  let run = [];
  let quoted = false;
  const flush = () => {
    const joined = run.join("\n");
    if (quoted) nodes.push(h("blockquote", { class: "quote" }, inline(joined, verbatim)));
    else if (joined) nodes.push(...inline(joined, verbatim));
    run = [];
  };
  for (const line of text.split("\n")) {
    const match = /^(?:&gt;|>)\s?(.*)$/.exec(line);
    if (Boolean(match) !== quoted && run.length) flush();
    quoted = Boolean(match);
    run.push(match ? match[1] : line);
  }
  flush();
  return nodes;
}

function inline(text, verbatim) {
  const nodes = [];
  let plain = "";
  let at = 0;
  const flush = () => {
    if (plain)
      nodes.push(
        ...withEmoji(plain, (part) => (verbatim ? words(decode(part)) : wordsWithLinks(decode(part)))),
      );
    plain = "";
  };
  while (at < text.length) {
    const found = OPENER.test(text[at]) ? markAt(text, at, verbatim) : null;
    if (found) {
      flush();
      nodes.push(found.node);
      at = found.end;
    } else {
      plain += text[at];
      at += 1;
    }
  }
  flush();
  return nodes;
}

function markAt(text, at, verbatim) {
  const sign = text[at];
  if (sign === "<") return angle(text, at);
  const close = closing(text, at, sign);
  if (close < 0) return null;
  const inner = text.slice(at + 1, close);
  if (sign === "`") return { node: code(decode(unwrapLinks(inner))), end: close + 1 };
  return { node: h(STYLES[sign], {}, inline(inner, verbatim)), end: close + 1 };
}

/** Where the style opened at `at` ends, or -1: signs bind to words, so 2*3*4 and snake_case stay as they are. */
function closing(text, at, sign) {
  const before = text[at - 1] ?? " ";
  const boundary = /[^\p{L}\p{N}]/u;
  if (sign !== "`" && (!boundary.test(before) || /\s/.test(text[at + 1] ?? " "))) return -1;
  for (let end = at + 1; end < text.length && text[end] !== "\n"; end += 1) {
    if (text[end] === "<" && sign !== "`") {
      const skip = text.indexOf(">", end);
      if (skip > 0) end = skip;
      continue;
    }
    if (text[end] !== sign || end === at + 1) continue;
    if (sign === "`") return end;
    if (!/\s/.test(text[end - 1]) && boundary.test(text[end + 1] ?? " ")) return end;
  }
  return -1;
}

function angle(text, at) {
  const close = text.indexOf(">", at);
  if (close < 0) return null;
  const inner = text.slice(at + 1, close);
  if (!inner || inner.includes("<") || inner.includes("\n")) return null;
  if (!/^([@#!]|[a-z][a-z0-9+.-]*:)/i.test(inner)) return null; // no entity, so the sign is what it says
  const bar = inner.indexOf("|");
  const target = bar < 0 ? inner : inner.slice(0, bar);
  const label = bar < 0 ? undefined : decode(inner.slice(bar + 1));
  return { node: entity(target, label), end: close + 1 };
}

function entity(target, label) {
  const rest = target.slice(1);
  if (target.startsWith("@")) return userMention(rest, label);
  if (target.startsWith("#")) return channelMention(rest, label);
  if (target.startsWith("!date^")) {
    const [, seconds, format, address] = target.split("^");
    return dateToken(seconds, decode(format ?? "{date}"), address && decode(address), label);
  }
  if (target.startsWith("!subteam^")) return groupMention(target.split("^")[1], label);
  if (target.startsWith("!")) return broadcast(label ?? rest.split("^")[0]);
  return link(decode(target), label === undefined ? undefined : label);
}
