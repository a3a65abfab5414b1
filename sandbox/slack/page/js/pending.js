// Clicks on their way: from the click until the app has acked it, and what failed. Kept outside the elements, because a
// message may be drawn anew in between.

import { h } from "./dom.js";
import { icon } from "./icons.js";

const waiting = new Set();
const failed = new Map();

const elements = (key) => document.querySelectorAll(`[data-click="${CSS.escape(key)}"]`);

/** The key of one control: where it stands, and which it is. */
export function clickKey(container, blockId, actionId, value = "") {
  return [container.view_id ?? `${container.channel}/${container.ts}`, blockId ?? "", actionId, value].join(
    "|",
  );
}

function show(element) {
  const key = element.dataset.click;
  const busy = waiting.has(key);
  element.classList.toggle("is-pending", busy);
  if (busy) element.setAttribute("aria-busy", "true");
  else element.removeAttribute("aria-busy");
  element.classList.toggle("is-failed", failed.has(key));
  element.title = failed.get(key) ?? "";
  explain(element, key);
}

/** The reason for a failure, written under the block its control stands in. */
function explain(element, key) {
  const block = element.closest(".block");
  if (!block) return;
  const shown = block.querySelector(`.click-error[data-for="${CSS.escape(key)}"]`);
  if (!failed.has(key)) shown?.remove();
  else if (!shown)
    block.append(
      h(
        "div",
        { class: "click-error", role: "alert", testid: "click-error", data: { for: key } },
        icon("alert"),
        failed.get(key),
      ),
    );
}

/** Forget what failed: another persona looks now. */
export function forgetFailures() {
  for (const key of [...failed.keys()]) {
    failed.delete(key);
    changed(key);
  }
}

/** Make an element show the state of its click, now and later. */
export function follow(element, key) {
  element.dataset.click = key;
  show(element);
  if (failed.has(key)) queueMicrotask(() => show(element)); // once it stands in its block
  return element;
}

function changed(key) {
  for (const element of elements(key)) show(element);
}

/** Run a click: pending until `send` resolves; what it returns (a reason) or throws is shown as the failure. */
export async function track(key, send) {
  if (waiting.has(key)) return null;
  waiting.add(key);
  failed.delete(key);
  changed(key);
  let reason;
  try {
    reason = await send();
  } catch (error) {
    reason = error.message;
  }
  waiting.delete(key);
  if (reason) failed.set(key, reason);
  changed(key);
  return reason;
}

/** The words for a refused interaction. */
export function inWords(error) {
  return (
    {
      operation_timeout:
        "AgentOps did not answer within 3 seconds. It may still be at work; look before you try again.",
      dispatch_failed: "AgentOps is not connected, so this did not reach it.",
      unknown_command: "That is not a command of this workspace.",
      message_not_found: "That message is gone.",
      view_not_found: "That dialog is gone.",
      not_in_channel: "You are not in this channel.",
    }[error] ?? `The workspace refused this: ${String(error ?? "no reason given").replaceAll("_", " ")}.`
  );
}
