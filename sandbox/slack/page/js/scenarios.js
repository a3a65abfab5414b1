// "Break something": the scenarios, the state of the world, and where a newcomer begins.

import { api } from "./api.js";
import { say } from "./announce.js";
import { h, patch, rememberFocus } from "./dom.js";
import { icon } from "./icons.js";
import { emit, on, runs, store, troubles } from "./state.js";
import { readWorld, soon } from "./sync.js";
import { worldTable } from "./world.js";

const KNOWN = [
  ["bad_deployment", "Bad deployment", "The recommender's new version is slow and fails."],
  ["feature_drift", "Feature drift", "Card payments change; the fraud detector loses accuracy."],
  ["autonomous_rollback", "Autonomous rollback", "A bad version where the policy lets the bot act by itself."],
  ["retrain_and_promote", "Retrain and promote", "A new way to pay: two decisions, then a canary."],
  ["gate_fails", "Failing the gate", "Subscribers behave anew; a retrained candidate is no better."],
  ["upstream_nulls", "Upstream nulls", "A column of the churn model arrives empty: do not retrain."],
  ["benign_drift", "Benign drift", "Prices change with the season, and nothing is harmed."],
  [
    "latency_saturation",
    "Latency saturation",
    "Traffic grows 2.5 times; the recommender's endpoint is full.",
  ],
];
const FIRST = "bad_deployment";

/** Scenarios in the order they are best met, in a line each; the whole description is a tooltip. */
function scenarios() {
  const given = new Map(store.scenarios.map((each) => [each.name, each]));
  const known = KNOWN.filter(([name]) => !given.size || given.has(name)).map(([name, title, note]) => ({
    name,
    title,
    note,
    more: given.get(name)?.description,
  }));
  const others = store.scenarios.filter((each) => !KNOWN.some(([name]) => name === each.name));
  return [
    ...known,
    ...others.map((each) => ({
      name: each.name,
      title: each.title ?? each.name,
      note: each.description ?? "",
    })),
  ];
}

const titleOf = (name) => scenarios().find((each) => each.name === name)?.title ?? name;

const WORLD_MS = 2000;
let busy = null;
let problem = "";

async function run(name, send) {
  busy = name;
  problem = "";
  drawPanel();
  try {
    const answer = await send();
    if (answer?.ok === false) problem = `The sandbox refused: ${String(answer.error).replaceAll("_", " ")}.`;
  } catch (error) {
    problem = `That did not work: ${error.message}.`;
  }
  busy = null;
  soon.workspace();
  await readWorld().catch(() => soon.world());
  drawPanel();
  return !problem;
}

/** Start a scenario and go to where it will show. */
export async function start(name) {
  if (!(await run(name, () => api.startScenario(name)))) return;
  say(`${titleOf(name)} has started.`);
  emit("started", name);
  showPanel(false);
  emit("goto-incidents");
}

const reset = () => run("reset", api.reset);

const panel = h("section", {
  class: "scenario-panel",
  id: "scenario-panel",
  testid: "scenario-panel",
  "aria-label": "Break something",
  hidden: true,
});
const opener = h("button", {
  type: "button",
  class: "top-button",
  testid: "scenarios-open",
  "aria-expanded": "false",
  "aria-controls": "scenario-panel",
  on: { click: () => showPanel(panel.hidden) },
});

export function showPanel(open) {
  const was = !panel.hidden;
  const held = panel.contains(document.activeElement);
  panel.hidden = !open;
  opener.setAttribute("aria-expanded", String(open));
  if (open) {
    soon.scenarios();
    soon.world();
    drawPanel();
    (panel.querySelector(".is-running button, .scenario button") ?? panel).focus();
  } else if (was && held) opener.focus();
  return was;
}

function drawPanel() {
  drawOpener();
  if (panel.hidden) return;
  const restore = rememberFocus(panel);
  patch(
    panel,
    h(
      "header",
      { class: "panel-head" },
      h("h2", {}, "Break something"),
      h(
        "button",
        {
          type: "button",
          class: "icon-only",
          testid: "scenarios-close",
          "aria-label": "Close",
          on: { click: () => showPanel(false) },
        },
        icon("close"),
      ),
    ),
    h(
      "p",
      { class: "muted panel-note" },
      "Each one changes the small world of models behind this workspace. What AgentOps does to it is what heals it.",
    ),
    problem && h("p", { class: "click-error", role: "alert" }, icon("alert"), problem),
    h("ul", { class: "scenario-list" }, scenarios().map(row)),
    h(
      "div",
      { class: "panel-foot" },
      h(
        "button",
        {
          type: "button",
          class: `button button-plain${busy === "reset" ? " is-pending" : ""}`,
          testid: "scenario-reset",
          on: { click: reset },
        },
        icon("refresh"),
        h("span", { class: "button-label" }, "Reset the world"),
      ),
      h("span", { class: "muted", testid: "world-facts" }, facts()),
    ),
    worldTable(store.world),
  );
  restore();
}

function row(each) {
  const found = runs().find((other) => other.name === each.name);
  const hurts = found && found.state === "disturbed";
  const mark = hurts
    ? h(
        "span",
        { class: "running", testid: `running-${each.name}` },
        h("span", { class: "pulse" }),
        "Running",
      )
    : found && h("span", { class: "healed", testid: `healed-${each.name}` }, icon("check"), "Healed");
  const button =
    !hurts &&
    h(
      "button",
      {
        type: "button",
        class: `button button-plain${busy === each.name ? " is-pending" : ""}`,
        testid: `scenario-${each.name}`,
        "aria-label": `Start ${each.title}`,
        disabled: Boolean(busy),
        on: { click: () => start(each.name) },
      },
      h("span", { class: "button-label" }, found ? "Again" : "Start"),
    );
  return h(
    "li",
    { class: `scenario${hurts ? " is-running" : ""}` },
    h(
      "div",
      { class: "scenario-text", title: each.more },
      h("div", { class: "strong" }, each.title),
      h("div", { class: "muted" }, each.note),
    ),
    mark,
    button,
  );
}

function facts() {
  const { speed, prometheus } = store.workspace;
  const pace = speed ? `Time runs ${speed}× faster` : "";
  const source = prometheus === "real" ? "real Prometheus" : prometheus ? "built-in Prometheus" : "";
  return [pace, source].filter(Boolean).join(" · ");
}

function drawOpener() {
  const hurting = troubles();
  const label =
    hurting.length === 0
      ? "Break something"
      : hurting.length === 1
        ? `${titleOf(hurting[0].name)} is running`
        : `${hurting.length} scenarios are running`;
  patch(opener, hurting.length ? h("span", { class: "pulse" }) : icon("bolt"), h("span", {}, label));
}

/** The card in an empty incident channel: what to do first, and what will come of it. */
export function welcome() {
  if (troubles().length) return null;
  const step = (title, note) =>
    h("li", {}, h("span", { class: "strong" }, title), h("span", { class: "muted" }, note));
  return h(
    "section",
    { class: "welcome", testid: "welcome", "aria-label": "Start here" },
    h("h3", {}, "All quiet. Break something?"),
    h(
      "p",
      {},
      "Three models run in this little world, and AgentOps watches them. Start here: choose ",
      h("strong", {}, "Bad deployment"),
      ", and follow the incident from the alert to the recovered endpoint.",
    ),
    h(
      "ol",
      { class: "welcome-steps" },
      step("An alert fires", "in a few seconds; AgentOps opens an incident in this channel."),
      step("It investigates", "in the thread: evidence, runbook, diagnosis, and a proposal."),
      step(
        "You decide",
        "Approve or Deny, as the on-call approver. The endpoint rolls back, and the metrics recover.",
      ),
    ),
    h(
      "div",
      { class: "welcome-buttons" },
      h(
        "button",
        {
          type: "button",
          class: "button button-primary",
          testid: "welcome-start",
          on: { click: () => start(FIRST) },
        },
        icon("play"),
        h("span", { class: "button-label" }, "Start Bad deployment"),
      ),
      h(
        "button",
        {
          type: "button",
          class: "button button-plain",
          testid: "welcome-more",
          on: { click: () => showPanel(true) },
        },
        "See them all",
      ),
    ),
  );
}

/** A line over the messages from the start of a scenario until the app has said something about it. */
export function scenarioStrip() {
  if (!waiting || !troubles().some((run) => run.name === waiting.name)) return null;
  const heard = [...store.messages.values()]
    .flat()
    .some((message) => message.is_bot && Number.parseFloat(message.edited?.ts ?? message.ts) > waiting.since);
  if (heard) {
    waiting = null;
    return null;
  }
  return h(
    "div",
    { class: "strip", role: "status", testid: "scenario-strip" },
    h("span", { class: "spinner" }),
    h(
      "span",
      {},
      h("strong", {}, titleOf(waiting.name)),
      connected()
        ? " has begun. Prometheus notices within seconds, an alert fires, and AgentOps posts here."
        : " has begun, but AgentOps is not connected: start it with agentops serve.",
    ),
  );
}

const connected = () => store.workspace.mode === "http" || store.workspace.connections > 0;

let waiting = null;
on("started", (name) => {
  waiting = { name, since: Date.now() / 1000 - 1 };
  emit("scenarios");
});
// The world heals without a word to the page, so it is looked at while something hurts or is looked at here.
setInterval(() => {
  if (!document.hidden && store.connected && (troubles().length || !panel.hidden)) soon.world();
}, WORLD_MS);
on("scenarios workspace world", drawPanel);

document.addEventListener("pointerdown", (event) => {
  if (!panel.hidden && !panel.contains(event.target) && !opener.contains(event.target)) showPanel(false);
});

export const scenarioPanel = { panel, opener };
