// The stack of open modals; the one on top is shown.

import { api } from "./api.js";
import { renderBlocks } from "./blocks/index.js";
import { h, fill, rememberFocus } from "./dom.js";
import { forgetForm, formValues } from "./form_values.js";
import { icon } from "./icons.js";
import { inWords } from "./pending.js";
import { on, store } from "./state.js";
import { surfaceOf } from "./surface.js";
import { soon } from "./sync.js";
import { withEmoji } from "./text/inline.js";
import { showDialog } from "./ui/dialog.js";

let shown = null;

function draw() {
  const view = store.views.at(-1);
  if (!view) {
    if (shown) shown.dialog.close();
    if (shown) forgetForm(shown.id);
    shown = null;
    return;
  }
  const signature = JSON.stringify([view.id, view.hash, view.blocks, view.title, store.views.length]);
  if (shown?.signature === signature) return;
  if (!shown) {
    const form = h("form", {
      class: "modal-form",
      novalidate: true,
      on: {
        submit: (event) => {
          event.preventDefault();
          submit();
        },
      },
    });
    const dialog = showDialog({
      testid: "modal",
      label: "Dialog",
      className: "modal",
      content: form,
      cancelled: () => close(store.views.at(-1)),
    });
    shown = { dialog, form };
  }
  const first = shown.id !== view.id;
  Object.assign(shown, { id: view.id, signature });
  fillForm(view, first);
}

function fillForm(view, first) {
  const values = formValues(view.id);
  values.keepOnly(new Set((view.blocks ?? []).map((block) => block.block_id)));
  const restore = rememberFocus(shown.form);
  const title = h("h2", { class: "dialog-title", testid: "modal-title" }, withEmoji(view.title?.text ?? ""));
  const back = store.views.length > 1;
  const shut = h(
    "button",
    {
      type: "button",
      class: "icon-only",
      testid: "modal-x",
      "aria-label": "Close",
      on: { click: () => close(view) },
    },
    icon("close"),
  );
  const body = h(
    "div",
    { class: "modal-body blocks" },
    renderBlocks(view.blocks, surfaceOf("modal", { view_id: view.id })),
  );
  shown.failure = h("div", { class: "modal-failure", role: "alert", testid: "modal-error", hidden: true });
  shown.submit =
    (view.submit || hasInput(view)) &&
    h(
      "button",
      { type: "submit", class: "button button-primary", testid: "modal-submit" },
      h("span", { class: "button-label" }, withEmoji(view.submit?.text ?? "Submit")),
    );
  const cancel = h(
    "button",
    { type: "button", class: "button button-plain", testid: "modal-close", on: { click: () => close(view) } },
    view.close?.text ?? (back ? "Back" : "Close"),
  );
  shown.dialog.node.setAttribute("aria-label", view.title?.text ?? "Dialog");
  fill(
    shown.form,
    h("header", { class: "modal-head" }, title, shut),
    body,
    shown.failure,
    h("footer", { class: "dialog-buttons" }, cancel, shown.submit),
  );
  if (first) focusFirst(body);
  else restore();
}

const hasInput = (view) => (view.blocks ?? []).some((block) => block.type === "input");

function focusFirst(body) {
  const target =
    body.querySelector("[autofocus]") ??
    body.querySelector("input, textarea, select") ??
    shown.submit ??
    shown.form.querySelector("button");
  target?.focus();
}

/** Ctrl or Cmd with Enter submits from anywhere in a modal, Enter from a line of text. */
document.addEventListener("keydown", (event) => {
  if (shown && event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    submit();
  }
});

function invalid(values) {
  const errors = {};
  for (const { block, field } of values.fields()) {
    const { type: _type, ...state } = field.read();
    const empty = Object.values(state).every(
      (value) => value === null || value === "" || (Array.isArray(value) && !value.length),
    );
    const least = block.element?.min_length ?? 0;
    if (empty && !block.optional) errors[block.block_id] = "Please complete this required field.";
    else if (!empty && typeof state.value === "string" && state.value.length < least)
      errors[block.block_id] = `Please write at least ${least} characters.`;
  }
  return errors;
}

function showErrors(values, errors) {
  const fields = values.fields();
  for (const { block, showError } of fields) showError(errors[block.block_id] ?? "");
  fields.find(({ block }) => errors[block.block_id])?.field.target.focus();
}

function fail(text) {
  shown.failure.hidden = !text;
  shown.failure.textContent = text;
}

async function submit() {
  if (!shown?.submit || shown.busy) return;
  const { id } = shown;
  const values = formValues(id);
  const errors = invalid(values);
  showErrors(values, errors);
  fail("");
  if (Object.keys(errors).length) return;
  busy(true);
  let reason = "";
  try {
    const answer = await api.submitView(store.me, id, values.asState());
    if (shown?.id === id && answer.errors) showErrors(values, answer.errors);
    else if (!answer.ok) reason = inWords(answer.error);
  } catch (error) {
    reason = `Not sent: ${error.message}.`;
  }
  if (shown) busy(false);
  if (shown?.id === id) fail(reason);
  soon.views();
}

function busy(on_) {
  shown.busy = on_;
  shown.submit?.classList.toggle("is-pending", on_);
  shown.submit?.toggleAttribute("aria-busy", on_);
}

async function close(view) {
  if (!view) return;
  // Gone at once for the person, as in Slack; the app hears of it if it asked to.
  store.views = store.views.filter((each) => each.id !== view.id);
  draw();
  try {
    await api.closeView(store.me, view.id);
  } finally {
    soon.views();
  }
}

on("views", draw);
on("me", () => {
  store.views = [];
  draw();
});
