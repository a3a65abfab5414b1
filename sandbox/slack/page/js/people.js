// Names and faces of whoever can speak here: the personas, the app, Slackbot.

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { store } from "./state.js";

const COLOURS = 8;

/** What a persona may do, in a line, for the persona switch. */
export const PERSONA_NOTES = {
  UONCALL: "In @ml-oncall: may approve",
  USECOND: "Also in @ml-oncall: the second vote",
  ULEAD: "In @ml-leads: escalations come here",
  UVIEWER: "Full member, in no approver group",
  UGUEST: "Restricted account: gets no data",
  USTRANGER: "In the channel, from another workspace",
};

export const botId = () => store.workspace.bot?.user_id ?? "UAGENTOPS";
export const botName = () => store.workspace.bot?.real_name ?? "AgentOps";

/** {id, name, kind} of a user id; `kind` is person, app, slackbot or unknown. */
export function who(id, username) {
  if (id === botId()) return { id, name: username || botName(), kind: "app" };
  if (id === "USLACKBOT") return { id, name: "Slackbot", kind: "slackbot" };
  const known = store.workspace.personas.find((each) => each.id === id);
  if (known) return { id, name: known.real_name ?? known.name ?? id, kind: "person" };
  return { id, name: username || id || "Unknown", kind: "unknown" };
}

/** The handle of a user group, without the @. */
export function groupHandle(id) {
  return (store.workspace.user_groups ?? []).find((each) => each.id === id)?.handle ?? id;
}

/** Two letters for a face. */
export function initials(name) {
  const words = String(name)
    .replace(/[^\p{L}\p{N}\s-]/gu, "")
    .split(/[\s-]+/)
    .filter(Boolean);
  const letters = words.length > 1 ? words[0][0] + words[1][0] : (words[0] ?? "?").slice(0, 2);
  return letters.toUpperCase();
}

function colourOf(id) {
  const order = Object.keys(PERSONA_NOTES).indexOf(id);
  if (order >= 0) return order;
  let sum = 0;
  for (const letter of String(id)) sum = (sum * 31 + letter.charCodeAt(0)) % 997;
  return sum % COLOURS;
}

/** A rounded square with initials, or the app's sign. */
export function avatar(person, size = "") {
  const sort =
    person.kind === "app"
      ? "avatar-app"
      : person.kind === "slackbot"
        ? "avatar-slackbot"
        : `avatar-${colourOf(person.id)}`;
  const face =
    person.kind === "app" ? icon("bolt") : person.kind === "slackbot" ? icon("bot") : initials(person.name);
  return h("span", { class: `avatar ${sort} ${size}`.trim(), "aria-hidden": "true" }, face);
}
