// Form controls for Block Kit's input elements, each with `node`, `read()` (a view.state value), `write(value)`,
// `onChange(fn)` and `target` (what to focus).

import { h } from "../dom.js";
import { store } from "../state.js";
import { withEmoji } from "../text/inline.js";

const TYPED = {
  plain_text_input: "text",
  email_text_input: "email",
  url_text_input: "url",
  number_input: "number",
};
const PICKED = {
  datepicker: ["date", "selected_date", "initial_date"],
  timepicker: ["time", "selected_time", "initial_time"],
};

/** The control for an element, or null for a type this page has none for. `given` is what was filled in before. */
export function control(each, options) {
  if (Object.hasOwn(TYPED, each.type)) return typed(each, options);
  if (Object.hasOwn(PICKED, each.type)) return picked(each, options);
  switch (each.type) {
    case "static_select":
    case "external_select":
      return select(each, options, optionsOf(each), "selected_option", each.initial_option?.value);
    case "users_select":
      return select(each, options, people(), "selected_user", each.initial_user);
    case "channels_select":
      return select(each, options, channels(), "selected_channel", each.initial_channel);
    case "conversations_select":
      return select(each, options, channels(), "selected_conversation", each.initial_conversation);
    case "radio_buttons":
      return choices(each, options, "radio");
    case "checkboxes":
    case "multi_static_select":
      return choices(each, options, "checkbox");
    default:
      return null;
  }
}

function typed(each, { id, testid, given }) {
  const start = given?.value ?? each.initial_value ?? "";
  const shared = {
    id,
    testid,
    class: "input",
    placeholder: each.placeholder?.text,
    maxlength: each.max_length,
    autofocus: each.focus_on_load,
    autocomplete: "off",
  };
  const node = each.multiline
    ? h("textarea", { ...shared, rows: 4 })
    : h("input", { ...shared, type: TYPED[each.type] });
  if (each.type === "number_input" && each.is_decimal_allowed) node.step = "any";
  node.value = start;
  return {
    node,
    target: node,
    read: () => ({ type: each.type, value: node.value === "" ? null : node.value }),
    write: (value) => {
      node.value = value?.value ?? "";
    },
    onChange: (fn) => node.addEventListener("change", fn),
    onInput: (fn) => node.addEventListener("input", fn),
  };
}

function picked(each, { id, testid, given }) {
  const [type, field, initial] = PICKED[each.type];
  const node = h("input", {
    id,
    testid,
    class: "input input-short",
    type,
    "aria-label": each.placeholder?.text,
  });
  node.value = given?.[field] ?? each[initial] ?? "";
  return {
    node,
    target: node,
    read: () => ({ type: each.type, [field]: node.value || null }),
    write: (value) => {
      node.value = value?.[field] ?? "";
    },
    onChange: (fn) => node.addEventListener("change", fn),
  };
}

function optionsOf(each) {
  const flat = (options) =>
    (options ?? []).map((option) => ({
      value: option.value,
      label: option.text?.text ?? option.value,
      option,
    }));
  if (each.option_groups)
    return each.option_groups.map((group) => ({
      group: group.label?.text ?? "",
      options: flat(group.options),
    }));
  return flat(each.options);
}

const people = () =>
  store.workspace.personas.map((each) => ({
    value: each.id,
    label: each.real_name ?? each.name,
    option: each.id,
  }));
const channels = () =>
  store.workspace.channels.map((each) => ({ value: each.id, label: `#${each.name}`, option: each.id }));

function select(each, { id, testid, given }, entries, field, initial) {
  const flat = entries.flatMap((entry) => entry.options ?? [entry]);
  const one = (entry) => h("option", { value: entry.value }, entry.label);
  const list = entries.map((entry) =>
    entry.options ? h("optgroup", { label: entry.group }, entry.options.map(one)) : one(entry),
  );
  const node = h(
    "select",
    { id, testid, class: "select", "aria-label": each.accessibility_label ?? each.placeholder?.text },
    h("option", { value: "" }, each.placeholder?.text ?? "Choose…"),
    list,
  );
  const valueOf = (state) => (typeof state?.[field] === "object" ? state[field]?.value : state?.[field]);
  node.value = (given ? valueOf(given) : initial) ?? "";
  return {
    node,
    target: node,
    read: () => ({
      type: each.type,
      [field]: flat.find((entry) => entry.value === node.value)?.option ?? null,
    }),
    write: (value) => {
      node.value = valueOf(value) ?? "";
    },
    onChange: (fn) => node.addEventListener("change", fn),
  };
}

function choices(each, { id, testid, given }, type) {
  const single = type === "radio";
  const options = (each.options ?? []).concat((each.option_groups ?? []).flatMap((group) => group.options));
  const initial = single ? [each.initial_option] : (each.initial_options ?? []);
  const before = given ? (single ? [given.selected_option] : given.selected_options) : initial;
  const inputs = options.map((option) => {
    const input = h("input", { type, name: id, value: option.value, testid: `option-${option.value}` });
    input.checked = (before ?? []).some((chosen) => chosen?.value === option.value);
    return input;
  });
  const rows = options.map((option, index) =>
    h(
      "label",
      { class: "choice" },
      inputs[index],
      h(
        "span",
        {},
        h("span", {}, withEmoji(option.text?.text ?? option.value)),
        option.description && h("span", { class: "choice-note" }, withEmoji(option.description.text ?? "")),
      ),
    ),
  );
  const node = h("div", { class: "choices", role: single ? "radiogroup" : "group", testid, id }, rows);
  const chosen = () => options.filter((_, index) => inputs[index].checked);
  return {
    node,
    target: inputs[0] ?? node,
    read: () =>
      single
        ? { type: each.type, selected_option: chosen()[0] ?? null }
        : { type: each.type, selected_options: chosen() },
    write: (value) => {
      const wanted = single ? [value?.selected_option] : (value?.selected_options ?? []);
      for (const [index, option] of options.entries())
        inputs[index].checked = wanted.some((other) => other?.value === option.value);
    },
    onChange: (fn) => node.addEventListener("change", fn),
  };
}
