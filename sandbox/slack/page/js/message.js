// One message: face, name, time, blocks or text, files, reactions, its thread's summary.

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { renderBlocks } from "./blocks/index.js";
import { figure } from "./blocks/media.js";
import { avatar, who } from "./people.js";
import { emit } from "./state.js";
import { surfaceOf } from "./surface.js";
import { emoji } from "./text/emoji.js";
import { mrkdwn } from "./text/mrkdwn.js";
import { ago, fullOf, timeOf } from "./time.js";

const GROUPED_SECONDS = 300;

/** True when a message follows on from the one before: no second face and name. */
export function continues(message, before) {
  if (!before || before.user !== message.user || before.username !== message.username) return false;
  if (before.ephemeral || message.ephemeral || message.blocks?.length || before.reply_count) return false;
  return Number.parseFloat(message.ts) - Number.parseFloat(before.ts) < GROUPED_SECONDS;
}

/** The message's element. `inThread`: it stands in the thread pane, so it has no thread of its own. */
export function messageElement(message, { compact = false, inThread = false } = {}) {
  const person = who(message.user, message.username);
  const sort = [
    "message",
    compact && "is-compact",
    message.ephemeral && "is-ephemeral",
    message.notice && "is-notice",
  ]
    .filter(Boolean)
    .join(" ");
  const spoken = `${person.name}, ${timeOf(message.ts)}${message.reply_count ? `, ${replies(message.reply_count)}` : ""}`;
  return h(
    "article",
    {
      class: sort,
      testid: `message-${message.ts}`,
      data: { ts: message.ts },
      tabindex: "-1",
      "aria-label": spoken,
    },
    h(
      "div",
      { class: "message-gutter" },
      compact
        ? h(
            "time",
            { class: "gutter-time", title: fullOf(message.ts) },
            timeOf(message.ts).replace(/\s?[AP]M/i, ""),
          )
        : avatar(person),
    ),
    h(
      "div",
      { class: "message-main" },
      message.ephemeral && h("div", { class: "only-you" }, icon("eye"), "Only visible to you"),
      !compact && head(message, person),
      body(message),
      (message.files ?? []).map(file),
      reactions(message),
      !inThread && message.reply_count > 0 && summary(message),
    ),
    !inThread &&
      !message.ephemeral &&
      h(
        "div",
        { class: "message-tools" },
        h(
          "button",
          {
            type: "button",
            class: "icon-only",
            testid: `reply-${message.ts}`,
            "aria-label": "Reply in thread",
            title: "Reply in thread",
            on: { click: () => emit("open-thread", message.ts) },
          },
          icon("reply"),
        ),
      ),
  );
}

function head(message, person) {
  return h(
    "div",
    { class: "message-head" },
    h("span", { class: "author" }, person.name),
    person.kind === "app" && h("span", { class: "badge" }, "APP"),
    h("time", { class: "message-time", title: fullOf(message.ts) }, timeOf(message.ts)),
  );
}

function body(message) {
  const edited =
    message.edited &&
    h("span", { class: "edited", title: `Edited ${fullOf(message.edited.ts)}` }, "(edited)");
  if (!message.blocks?.length)
    return h("div", { class: "text message-text" }, mrkdwn(message.text), edited && [" ", edited]);
  const surface = surfaceOf("message", { channel: message.channel, ts: message.ts });
  return h("div", { class: "blocks" }, renderBlocks(message.blocks, surface), edited);
}

function file(each) {
  const image = each.mimetype?.startsWith("image/");
  if (image)
    return figure(
      { slack_file: { id: each.id }, alt_text: each.alt_txt || each.title || each.name },
      each.title || each.name,
      "image-open",
    );
  return h(
    "a",
    { class: "file", href: `/_sandbox/slack/files/${encodeURIComponent(each.id)}`, download: each.name },
    icon("file"),
    h("span", {}, each.title || each.name),
  );
}

function reactions(message) {
  if (!message.reactions?.length) return null;
  const one = (reaction) =>
    h(
      "span",
      { class: "reaction", title: (reaction.users ?? []).map((id) => who(id).name).join(", ") },
      emoji(reaction.name),
      h("span", {}, String(reaction.count)),
    );
  return h("div", { class: "reactions" }, message.reactions.map(one));
}

const replies = (count) => (count === 1 ? "1 reply" : `${count} replies`);

function summary(message) {
  const last = message.latest_reply;
  return h(
    "button",
    {
      type: "button",
      class: "thread-summary",
      testid: `open-thread-${message.ts}`,
      on: { click: () => emit("open-thread", message.ts) },
    },
    icon("reply"),
    h("span", { class: "thread-count" }, replies(message.reply_count)),
    last && h("span", { class: "thread-last" }, "last reply ", h("time", { data: { ago: last } }, ago(last))),
    h("span", { class: "thread-hint" }, "View thread"),
  );
}
