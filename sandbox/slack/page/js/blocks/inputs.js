// The input block: a label, one control, a hint, and the error the app answered for it.

import { h } from "../dom.js";
import { icon } from "../icons.js";
import { clickKey } from "../pending.js";
import { withEmoji } from "../text/inline.js";
import { control } from "./controls.js";

export function input(block, surface) {
  const each = block.element ?? {};
  const id = `field-${block.block_id}-${each.action_id}`;
  const field = control(each, {
    id,
    testid: `input-${each.action_id}`,
    given: surface.values?.get(block.block_id, each.action_id),
  });
  const choice = each.type === "radio_buttons" || each.type === "checkboxes";
  const label = h(
    choice ? "div" : "label",
    { class: "input-label", ...(choice ? { id: `${id}-label` } : { for: id }) },
    withEmoji(block.label?.text ?? ""),
    block.optional && h("span", { class: "input-optional" }, "(optional)"),
  );
  const error = h("div", {
    class: "input-error",
    id: `${id}-error`,
    testid: `error-${block.block_id}`,
    hidden: true,
  });
  const hint =
    block.hint && h("div", { class: "input-hint", id: `${id}-hint` }, withEmoji(block.hint.text ?? ""));
  const node = h(
    "div",
    { class: "block-input" },
    label,
    field ? field.node : h("span", { class: "block-unknown", testid: "unknown-element" }, `[${each.type}]`),
    error,
    hint,
  );
  if (!field) return node;

  if (choice) field.node.setAttribute("aria-labelledby", `${id}-label`);
  field.target.setAttribute("aria-describedby", [error.id, hint?.id].filter(Boolean).join(" "));
  const keep = () => surface.values?.set(block.block_id, each.action_id, field.read());
  keep();
  const showError = (text) => {
    error.hidden = !text;
    error.replaceChildren(...(text ? [icon("alert"), text] : []));
    node.classList.toggle("has-error", Boolean(text));
    if (text) field.target.setAttribute("aria-invalid", "true");
    else field.target.removeAttribute("aria-invalid");
  };
  const edited = () => {
    keep();
    showError("");
  };
  (field.onInput ?? field.onChange)(edited);
  field.onChange(edited);
  if (block.dispatch_action) {
    const key = clickKey(surface.container, block.block_id, each.action_id);
    field.onChange(() => {
      const { type: _type, ...value } = field.read();
      surface.act({ action_id: each.action_id, block_id: block.block_id, ...value }, key);
    });
  }
  surface.values?.register(block, { showError, field });
  return node;
}
