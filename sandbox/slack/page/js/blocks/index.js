// From a list of Block Kit blocks to elements. `surface` says where they stand and carries out what is clicked:
// {kind: "message" | "modal" | "home", container: {channel, ts} | {view_id}, act(action), values?}.

import { h } from "../dom.js";
import { icon } from "../icons.js";
import { markdown } from "../text/markdown.js";
import { richText } from "../text/rich_text.js";
import { actions, contextActions } from "./actions.js";
import { alert, context, divider, header, section } from "./layout.js";
import { input } from "./inputs.js";
import { image, video } from "./media.js";
import { plan, taskCard } from "./plan.js";
import { table } from "./table.js";

const RENDERERS = {
  actions,
  alert: (block, surface) =>
    surface.kind === "modal" ? alert(block) : unknown(block, "alert (works in modals only)"),
  context,
  context_actions: contextActions,
  divider,
  header,
  image,
  input,
  markdown: (block) => h("div", { class: "block-markdown" }, markdown(block.text)),
  plan,
  rich_text: (block) => h("div", { class: "block-rich-text" }, richText(block)),
  section,
  table,
  task_card: taskCard,
  video,
};

/** Elements for the blocks, in order. */
export function renderBlocks(blocks, surface) {
  return (blocks ?? []).map((block) => renderBlock(block, surface));
}

function renderBlock(block, surface) {
  const known = Object.hasOwn(RENDERERS, block?.type ?? "");
  const inner = known ? RENDERERS[block.type](block, surface) : unknown(block, block?.type);
  inner.classList.add("block");
  if (block?.block_id) inner.dataset.blockId = block.block_id;
  return inner;
}

/** A block this page cannot draw is said to be there, with its type. */
function unknown(block, type) {
  const fallback =
    block?.fallback ?? block?.text?.text ?? (typeof block?.text === "string" ? block.text : "");
  return h(
    "div",
    { class: "block-unknown", testid: "unknown-block" },
    icon("file"),
    h(
      "span",
      {},
      "This page cannot show a block of type ",
      h("code", { class: "code" }, String(type ?? "none")),
    ),
    fallback && h("span", { class: "muted" }, fallback),
  );
}
