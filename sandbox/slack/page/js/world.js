// The models' state now, small, under the scenarios: so that one sees what breaks and what heals.

import { h } from "./dom.js";

const percent = (value) => `${(value * 100).toFixed(1)} %`;

// The counters as read before, by model: the share of errors is that of the requests in between.
const before = new Map();

function errorShare(name, { requests_total: requests, errors_total: errors }) {
  if (!Number.isFinite(requests) || !Number.isFinite(errors)) return null;
  const last = before.get(name);
  if (!last || requests < last.requests) before.set(name, { requests, errors, share: null });
  else if (requests > last.requests)
    before.set(name, { requests, errors, share: (errors - last.errors) / (requests - last.requests) });
  return before.get(name).share;
}

const largest = (values) => Math.max(...Object.values(values ?? {}).filter(Number.isFinite));

/** [label, value, how it is written, whether it is past its alert's threshold]. */
function readings(name, { cpu, quality = {}, baseline = {}, ...metrics }) {
  const errors = errorShare(name, metrics);
  const psi = largest(metrics.feature_psi);
  const nulls = largest(metrics.null_ratio);
  return [
    ["errors", errors, percent, errors > 0.05],
    ["CPU", cpu, percent, cpu > 0.9],
    ["accuracy", quality.accuracy, (value) => value.toFixed(3), quality.accuracy < 0.95 * baseline.accuracy],
    ["PSI", psi, (value) => value.toFixed(2), psi > 0.25],
    ["nulls", nulls, percent, nulls > 0.05],
  ].filter(([, value]) => Number.isFinite(value));
}

/** A small table of the models, or nothing while the world is unknown. */
export function worldTable(world) {
  const rows = Object.entries(world?.models ?? world ?? {}).filter(([, each]) => each?.metrics);
  if (!rows.length) return null;
  const one = ([name, each]) =>
    h(
      "div",
      { class: "world-row", testid: `world-${name}` },
      h(
        "div",
        { class: "world-name" },
        h("span", { class: "strong" }, name),
        h("span", { class: "muted" }, [each.config, each.endpoint_status].filter(Boolean).join(" · ")),
      ),
      h(
        "div",
        { class: "world-values" },
        readings(name, each.metrics).map(([label, value, format, bad]) =>
          h(
            "span",
            { class: bad ? "is-bad" : null },
            h("span", { class: "muted" }, `${label} `),
            format(value),
          ),
        ),
      ),
    );
  return h("div", { class: "world", testid: "world" }, h("h3", {}, "The world now"), rows.map(one));
}
