// Interactive elements that act at once: button, overflow, selects, and the input elements when they stand outside
// an input block.

import { h } from "../dom.js";
import { icon } from "../icons.js";
import { clickKey, follow } from "../pending.js";
import { confirmDialog } from "../ui/confirm.js";
import { openMenu } from "../ui/popover.js";
import { safeUrl } from "../text/links.js";
import { withEmoji } from "../text/inline.js";
import { control } from "./controls.js";
import { picture } from "./media.js";

/** An element of an actions block or a section's accessory. */
export function element(each, block, surface) {
  switch (each.type) {
    case "button":
    case "workflow_button":
      return button(each, block, surface);
    case "overflow":
      return overflow(each, block, surface);
    case "image":
      return picture(each, "accessory-image");
    default:
      return acting(each, block, surface);
  }
}

function sender(each, block, surface, key) {
  return async (extra) => {
    if (each.confirm && !(await confirmDialog(each.confirm))) return false;
    await surface.act({ action_id: each.action_id, block_id: block.block_id, ...extra }, key);
    return true;
  };
}

function button(each, block, surface) {
  const key = clickKey(surface.container, block.block_id, each.action_id, each.value);
  const style = each.style === "primary" || each.style === "danger" ? `button-${each.style}` : "button-plain";
  const node = h(
    "button",
    {
      type: "button",
      class: `button ${style}`,
      testid: `action-${each.action_id}`,
      "aria-label": each.accessibility_label,
    },
    h("span", { class: "button-label" }, withEmoji(each.text?.text ?? "")),
  );
  const send = sender(each, block, surface, key);
  node.addEventListener("click", async () => {
    const url = each.url && safeUrl(each.url);
    if (url) window.open(url.href, "_blank", "noopener,noreferrer");
    await send({ value: each.value });
  });
  return follow(node, key);
}

function overflow(each, block, surface) {
  const key = clickKey(surface.container, block.block_id, each.action_id);
  const node = h(
    "button",
    {
      type: "button",
      class: "button button-plain button-square",
      testid: `action-${each.action_id}`,
      "aria-label": "More actions",
      "aria-haspopup": "menu",
      "aria-expanded": "false",
    },
    icon("dots"),
  );
  const send = sender(each, block, surface, key);
  node.addEventListener("click", () =>
    openMenu(
      node,
      (each.options ?? []).map((option) => ({
        label: option.text?.text ?? option.value,
        note: option.description?.text,
        testid: `option-${option.value}`,
        choose: () => {
          const url = option.url && safeUrl(option.url);
          if (url) window.open(url.href, "_blank", "noopener,noreferrer");
          return send({ selected_option: option });
        },
      })),
    ),
  );
  return follow(node, key);
}

/** A select, picker, radio group or checkboxes outside an input block: every change is an action. */
function acting(each, block, surface) {
  const key = clickKey(surface.container, block.block_id, each.action_id);
  const field = control(each, {
    id: `${block.block_id}-${each.action_id}`,
    testid: `action-${each.action_id}`,
    given: surface.values?.get(block.block_id, each.action_id),
  });
  if (!field) return h("span", { class: "block-unknown", testid: "unknown-element" }, `[${each.type}]`);
  const send = sender(each, block, surface, key);
  const before = field.read();
  field.onChange(async () => {
    const { type: _type, ...value } = field.read();
    surface.values?.set(block.block_id, each.action_id, field.read());
    if (!(await send(value))) field.write(before);
  });
  return follow(field.node, key);
}
