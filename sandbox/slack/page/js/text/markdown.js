// The markdown block: the usual notation of headings, lists, quotes, code, tables and links. HTML in it is text.

import { h } from "../dom.js";
import { code, withEmoji, wordsWithLinks } from "./inline.js";
import { link } from "./links.js";

const FENCE = /^\s*(```|~~~)/;
const ITEM = /^(\s*)([-*+]|\d+[.)])\s+(.*)$/;
const RULE = /^\s*([-*_])(\s*\1){2,}\s*$/;
const TABLE_RULE = /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/;

/** The nodes of a markdown text. */
export function markdown(text) {
  return blocks(
    String(text ?? "")
      .replaceAll("\r", "")
      .split("\n"),
  );
}

function blocks(lines) {
  const nodes = [];
  let at = 0;
  while (at < lines.length) {
    const [node, next] = blockAt(lines, at);
    if (node) nodes.push(node);
    at = next;
  }
  return nodes;
}

function blockAt(lines, at) {
  const line = lines[at];
  if (!line.trim()) return [null, at + 1];
  if (FENCE.test(line)) return fence(lines, at);
  const heading = /^(#{1,6})\s+(.*?)\s*#*$/.exec(line);
  if (heading)
    return [
      h(
        `h${Math.min(6, heading[1].length + 2)}`,
        { class: `md-heading md-h${heading[1].length}` },
        inline(heading[2]),
      ),
      at + 1,
    ];
  if (RULE.test(line)) return [h("hr", { class: "divider" }), at + 1];
  if (/^\s*>/.test(line)) return quote(lines, at);
  if (ITEM.test(line)) return list(lines, at);
  if (line.includes("|") && TABLE_RULE.test(lines[at + 1] ?? "") && lines[at + 1].includes("-"))
    return table(lines, at);
  return paragraph(lines, at);
}

function fence(lines, at) {
  const mark = FENCE.exec(lines[at])[1];
  let end = at + 1;
  while (end < lines.length && !lines[end].trim().startsWith(mark)) end += 1;
  return [h("pre", { class: "pre" }, lines.slice(at + 1, end).join("\n")), end + 1];
}

function quote(lines, at) {
  let end = at;
  while (end < lines.length && /^\s*>/.test(lines[end])) end += 1;
  const inner = lines.slice(at, end).map((line) => line.replace(/^\s*>\s?/, ""));
  return [h("blockquote", { class: "quote" }, blocks(inner)), end];
}

function list(lines, at) {
  const [, lead, sign] = ITEM.exec(lines[at]);
  const ordered = /\d/.test(sign);
  const items = [];
  let end = at;
  while (end < lines.length) {
    const match = ITEM.exec(lines[end]);
    if (
      !match ||
      match[1].length < lead.length ||
      (match[1].length === lead.length && /\d/.test(match[2]) !== ordered)
    )
      break;
    const own = [match[3]];
    end += 1;
    while (end < lines.length && belongs(lines, end, lead.length)) {
      own.push(
        lines[end].replace(new RegExp(`^\\s{0,${lead.length + 4}}`), (space) => space.slice(lead.length + 2)),
      );
      end += 1;
    }
    items.push(h("li", {}, inline(own[0]), blocks(own.slice(1))));
  }
  return [
    ordered
      ? h("ol", { class: "rich-list", start: Number.parseInt(sign, 10) }, items)
      : h("ul", { class: "rich-list" }, items),
    end,
  ];
}

/** True when the line continues the item above: indented deeper, and not an empty end. */
function belongs(lines, at, lead) {
  const line = lines[at];
  if (!line.trim()) return /^\s/.test(lines[at + 1] ?? "") && !ITEM.test(lines[at + 1] ?? "");
  return /^\s*/.exec(line)[0].length > lead;
}

const cells = (line) =>
  line
    .trim()
    .replace(/^\||\|$/g, "")
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll("\\|", "|"));

function table(lines, at) {
  const aligns = cells(lines[at + 1]).map((cell) =>
    /^:-+:$/.test(cell) ? "center" : /-:$/.test(cell) ? "right" : "left",
  );
  const row = (line, tag) =>
    h(
      "tr",
      {},
      cells(line).map((cell, index) => h(tag, { class: `align-${aligns[index] ?? "left"}` }, inline(cell))),
    );
  let end = at + 2;
  while (end < lines.length && lines[end].includes("|") && lines[end].trim()) end += 1;
  const body = lines.slice(at + 2, end).map((line) => row(line, "td"));
  return [
    h(
      "div",
      { class: "table-scroll" },
      h("table", { class: "table" }, h("thead", {}, row(lines[at], "th")), h("tbody", {}, body)),
    ),
    end,
  ];
}

function paragraph(lines, at) {
  let end = at + 1;
  while (
    end < lines.length &&
    lines[end].trim() &&
    !FENCE.test(lines[end]) &&
    !ITEM.test(lines[end]) &&
    !/^(\s*>|#{1,6}\s)/.test(lines[end])
  )
    end += 1;
  const text = lines
    .slice(at, end)
    .map((line) => line.replace(/\s+$/, ""))
    .join("\n");
  return [h("p", { class: "md-p" }, inline(text)), end];
}

// Ordered by strength: what matches first at a place wins, and its inside is read again (code's is not).
const INLINE = [
  [/^\\([\\`*_{}[\]()#+\-.!~|>])/, (match) => match[1]],
  [/^(`+)([\s\S]*?[^`])\1(?!`)/, (match) => code(match[2])],
  [
    /^!?\[((?:[^[\]]|\[[^[\]]*\])*)\]\(\s*<?([^\s)>]+)>?(?:\s+"[^"]*")?\s*\)/,
    (match) => link(match[2], inline(match[1])),
  ],
  [/^<(https?:\/\/[^>\s]+)>/, (match) => link(match[1])],
  [/^\*\*(?=\S)([\s\S]*?\S)\*\*(?!\*)/, (match) => h("strong", {}, inline(match[1]))],
  [/^__(?=\S)([\s\S]*?\S)__(?![_\w])/, (match) => h("strong", {}, inline(match[1]))],
  [/^\*(?=[^\s*])([\s\S]*?[^\s*])\*(?!\*)/, (match) => h("em", {}, inline(match[1]))],
  [/^_(?=[^\s_])([\s\S]*?[^\s_])_(?!\w)/, (match) => h("em", {}, inline(match[1]))],
  [/^~~(?=\S)([\s\S]*?\S)~~/, (match) => h("s", {}, inline(match[1]))],
];

function inline(text) {
  const nodes = [];
  let plain = "";
  let at = 0;
  const flush = () => {
    if (plain) nodes.push(...withEmoji(plain, wordsWithLinks));
    plain = "";
  };
  while (at < text.length) {
    const found =
      /[\\`![<*_~]/.test(text[at]) && !(text[at] === "_" && /\w/.test(text[at - 1] ?? ""))
        ? match(text.slice(at))
        : null;
    if (found) {
      flush();
      nodes.push(found.node);
      at += found.length;
    } else {
      plain += text[at];
      at += 1;
    }
  }
  flush();
  return nodes;
}

function match(rest) {
  for (const [pattern, make] of INLINE) {
    const found = pattern.exec(rest);
    if (found) return { node: make(found), length: found[0].length };
  }
  return null;
}
