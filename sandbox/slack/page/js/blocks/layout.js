// header, section, context, divider, alert: blocks that hold text.

import { h } from "../dom.js";
import { icon } from "../icons.js";
import { textObject } from "../text/text_object.js";
import { element } from "./elements.js";
import { picture } from "./media.js";

export function header(block) {
  const level = Math.min(6, (block.level ?? 1) + 2);
  return h(`h${level}`, { class: "block-header" }, textObject(block.text));
}

export function section(block, surface) {
  const fields = (block.fields ?? []).map((field) => h("div", { class: "field" }, textObject(field)));
  const body = h(
    "div",
    { class: "section-body" },
    block.text && h("div", { class: "text" }, textObject(block.text)),
    fields.length > 0 && h("div", { class: "fields" }, fields),
  );
  const accessory =
    block.accessory && h("div", { class: "accessory" }, element(block.accessory, block, surface));
  return h("div", { class: "block-section" }, body, accessory);
}

export function context(block) {
  const parts = (block.elements ?? []).map((part) =>
    part.type === "image"
      ? picture(part, "context-image")
      : h("span", { class: "context-text" }, textObject(part)),
  );
  return h("div", { class: "block-context" }, parts);
}

export const divider = () => h("hr", { class: "divider block-divider" });

const ALERT_ICONS = { info: "info", warning: "alert", error: "alert", success: "check" };

export function alert(block) {
  const level = Object.hasOwn(ALERT_ICONS, block.level ?? "") ? block.level : "default";
  const role = level === "error" || level === "warning" ? "alert" : "note";
  return h(
    "div",
    { class: `block-alert alert-${level}`, role },
    icon(ALERT_ICONS[level] ?? "info"),
    h("div", { class: "text" }, textObject(block.text)),
  );
}
