// actions and context_actions: rows of controls, and feedback.

import { h } from "../dom.js";
import { icon } from "../icons.js";
import { confirmDialog } from "../ui/confirm.js";
import { clickKey, follow } from "../pending.js";
import { element } from "./elements.js";

export function actions(block, surface) {
  return h(
    "div",
    { class: "block-actions", role: "group", "aria-label": "Actions" },
    (block.elements ?? []).map((each) => element(each, block, surface)),
  );
}

export function contextActions(block, surface) {
  return h(
    "div",
    { class: "block-context-actions", role: "group", "aria-label": "Feedback" },
    (block.elements ?? []).map((each) => contextElement(each, block, surface)),
  );
}

function contextElement(each, block, surface) {
  if (each.type === "feedback_buttons") return feedback(each, block, surface);
  if (each.type === "icon_button") return iconButton(each, block, surface);
  return element(each, block, surface);
}

// Which thumb this page pressed, by control: Slack shows it filled.
const given = new Map();

function feedback(each, block, surface) {
  const group = h("span", { class: "feedback", testid: `feedback-${each.action_id}` });
  const key = clickKey(surface.container, block.block_id, each.action_id);
  const thumb = (button, sign) => {
    const node = h(
      "button",
      {
        type: "button",
        class: `icon-button thumb thumb-${sign}`,
        testid: `feedback-${each.action_id}-${sign}`,
        "aria-label": button.accessibility_label ?? button.text?.text ?? sign,
        "aria-pressed": String(given.get(key) === sign),
      },
      icon("thumb"),
      h("span", {}, button.text?.text ?? ""),
    );
    node.addEventListener("click", async () => {
      given.set(key, sign);
      for (const other of group.children) other.setAttribute("aria-pressed", String(other === node));
      await surface.act(
        { action_id: each.action_id, block_id: block.block_id, value: button.value },
        clickKey(surface.container, block.block_id, each.action_id, sign),
      );
    });
    return follow(node, clickKey(surface.container, block.block_id, each.action_id, sign));
  };
  group.append(thumb(each.positive_button ?? {}, "positive"), thumb(each.negative_button ?? {}, "negative"));
  return group;
}

function iconButton(each, block, surface) {
  const visible = each.visible_to_user_ids;
  if (visible?.length && !visible.includes(surface.me?.())) return null;
  const key = clickKey(surface.container, block.block_id, each.action_id, each.value);
  const label = each.accessibility_label ?? each.text?.text ?? each.icon;
  const node = h(
    "button",
    { type: "button", class: "icon-button", testid: `action-${each.action_id}`, "aria-label": label },
    icon(each.icon === "trash" ? "trash" : "circle"),
    h("span", {}, each.text?.text ?? ""),
  );
  node.addEventListener("click", async () => {
    if (each.confirm && !(await confirmDialog(each.confirm))) return;
    await surface.act({ action_id: each.action_id, block_id: block.block_id, value: each.value }, key);
  });
  return follow(node, key);
}
