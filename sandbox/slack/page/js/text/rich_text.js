// rich_text blocks: sections, lists, quotes and preformatted text made of typed pieces.

import { h } from "../dom.js";
import { emoji } from "./emoji.js";
import { broadcast, channelMention, dateToken, groupMention, userMention, words } from "./inline.js";
import { link } from "./links.js";

const STYLE_TAGS = {
  bold: "strong",
  italic: "em",
  strike: "s",
  underline: "u",
  code: "code",
  highlight: "mark",
};

/** The nodes of a rich_text block. */
export function richText(block) {
  return numbered(block.elements ?? []).map(([element, start]) => part(element, start));
}

/** Ordered lists go on counting across the nested lists between them, as in Slack. */
function numbered(elements) {
  const counts = new Map();
  return elements.map((element) => {
    if (element.type !== "rich_text_list") {
      counts.clear();
      return [element, 1];
    }
    const indent = element.indent ?? 0;
    for (const level of counts.keys()) if (level > indent) counts.delete(level);
    const start = (element.offset ?? counts.get(indent) ?? 0) + 1;
    counts.set(indent, start - 1 + (element.elements?.length ?? 0));
    return [element, start];
  });
}

function part(element, start) {
  const inner = () => (element.elements ?? []).map(piece);
  switch (element.type) {
    case "rich_text_section":
      return h("div", { class: "rich-section" }, inner());
    case "rich_text_quote":
      return h("blockquote", { class: "quote" }, inner());
    case "rich_text_preformatted":
      return h("pre", { class: "pre" }, inner());
    case "rich_text_list":
      return list(element, start);
    default:
      return h("span", { class: "unknown-inline" }, `[${element.type}]`);
  }
}

function list(element, start) {
  const indent = Math.min(8, element.indent ?? 0);
  const shape = `rich-list rich-indent-${indent}${element.border ? " rich-border" : ""}`;
  const items = (element.elements ?? []).map((item) => h("li", {}, (item.elements ?? []).map(piece)));
  return element.style === "ordered"
    ? h("ol", { class: shape, start }, items)
    : h("ul", { class: shape }, items);
}

function piece(element) {
  return styled(bare(element), element.style);
}

function bare(element) {
  switch (element.type) {
    case "text":
      return words(element.text ?? "");
    case "link":
      return link(element.url, element.text);
    case "user":
      return userMention(element.user_id);
    case "usergroup":
      return groupMention(element.usergroup_id);
    case "channel":
      return channelMention(element.channel_id);
    case "broadcast":
      return broadcast(element.range);
    case "emoji":
      return emoji(element.name, element.unicode);
    case "date":
      return dateToken(element.timestamp, element.format ?? "{date}", element.url, element.fallback);
    case "color":
      return h("code", { class: "code" }, element.value);
    default:
      return h("span", { class: "unknown-inline" }, `[${element.type}]`);
  }
}

function styled(content, style) {
  let node = content;
  for (const [name, tag] of Object.entries(STYLE_TAGS)) {
    if (style?.[name]) node = h(tag, tag === "code" ? { class: "code" } : {}, node);
  }
  return node;
}
