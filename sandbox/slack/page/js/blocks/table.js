// The table block: the first row names the columns; cells are raw text, numbers or rich text.

import { h } from "../dom.js";
import { richText } from "../text/rich_text.js";
import { words } from "../text/inline.js";

export function table(block) {
  const [head, ...rows] = block.rows ?? [];
  const settings = block.column_settings ?? [];
  const row = (cells, tag) =>
    h(
      "tr",
      {},
      (cells ?? []).map((cell, index) =>
        h(
          tag,
          { class: shape(settings[index], cell), ...(tag === "th" ? { scope: "col" } : {}) },
          content(cell),
        ),
      ),
    );
  const body = h(
    "tbody",
    {},
    rows.map((cells) => row(cells, "td")),
  );
  return h(
    "div",
    { class: "block-table table-scroll", tabindex: "0", role: "region", "aria-label": "Table" },
    h("table", { class: "table" }, h("thead", {}, row(head, "th")), body),
  );
}

function shape(setting, cell) {
  const align = setting?.align ?? (cell?.type === "raw_number" ? "right" : "left");
  return `align-${["left", "center", "right"].includes(align) ? align : "left"}${setting?.is_wrapped ? " is-wrapped" : ""}`;
}

function content(cell) {
  if (!cell) return "";
  if (cell.type === "rich_text") return richText(cell);
  if (cell.type === "raw_number") return String(cell.text ?? cell.value ?? "");
  return words(String(cell.text ?? ""));
}
