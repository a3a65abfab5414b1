// plan and task_card: what is being done, step by step, with the state of each.

import { h } from "../dom.js";
import { icon } from "../icons.js";
import { link } from "../text/links.js";
import { richText } from "../text/rich_text.js";
import { withEmoji } from "../text/inline.js";

const STATES = { pending: "not started", in_progress: "in progress", complete: "done", error: "failed" };

// Plans the reader has folded, by block id: a plan is drawn anew at every step.
const folded = new Set();

export function plan(block, surface) {
  const tasks = block.tasks ?? [];
  const done = tasks.filter((task) => task.status === "complete").length;
  const failed = tasks.some((task) => task.status === "error");
  const state = failed
    ? "error"
    : tasks.length && done === tasks.length
      ? "complete"
      : tasks.some((task) => task.status === "in_progress")
        ? "in_progress"
        : "pending";
  const bar = h("progress", {
    class: `plan-bar plan-bar-${state}`,
    max: Math.max(1, tasks.length),
    value: done,
    "aria-label": "Steps done",
  });
  const head = h(
    "summary",
    { class: "plan-head" },
    sign(state),
    h("span", { class: "plan-title" }, withEmoji(titleOf(block))),
    h("span", { class: "plan-count" }, `${done} of ${tasks.length}`),
    icon("chevron", "plan-fold"),
  );
  const key = `${surface.container?.ts ?? surface.container?.view_id}/${titleOf(block)}`;
  const node = h(
    "details",
    { class: "block-plan", open: !folded.has(key), testid: "plan" },
    head,
    bar,
    h(
      "ol",
      { class: "plan-tasks" },
      tasks.map((task) => h("li", {}, taskCard(task))),
    ),
  );
  node.addEventListener("toggle", () => (node.open ? folded.delete(key) : folded.add(key)));
  return node;
}

const titleOf = (block) => (typeof block.title === "string" ? block.title : (block.title?.text ?? "Plan"));

export function taskCard(task) {
  const state = Object.hasOwn(STATES, task.status) ? task.status : "pending";
  const sources = (task.sources ?? []).map((source) => link(source.url, source.text));
  return h(
    "div",
    { class: `task task-${state}`, testid: `task-${task.task_id}`, data: { status: state } },
    sign(state),
    h(
      "div",
      { class: "task-body" },
      h("div", { class: "task-title" }, withEmoji(titleOf(task))),
      task.details && h("div", { class: "task-details" }, richText(task.details)),
      task.output && h("div", { class: "task-output" }, richText(task.output)),
      sources.length > 0 && h("div", { class: "task-sources" }, sources),
    ),
  );
}

function sign(state) {
  const shapes = {
    complete: icon("check"),
    error: icon("close"),
    in_progress: h("span", { class: "spinner" }),
    pending: null,
  };
  return h(
    "span",
    { class: `task-sign sign-${state}`, role: "img", "aria-label": STATES[state] },
    shapes[state],
  );
}
