// The middle pane: a channel (or the messages with the app), its header, its list and its composer.

import { announce } from "./announce.js";
import { Composer } from "./composer.js";
import { h, patch } from "./dom.js";
import { icon } from "./icons.js";
import { MessageList } from "./message_list.js";
import { avatar, botId, botName, who } from "./people.js";
import { channelById, channelName, on, persona, store } from "./state.js";
import { dmChannel } from "./state.js";
import { scenarioStrip, welcome } from "./scenarios.js";
import { openConversation } from "./sync.js";

const header = h("div", { class: "pane-title" });
const strip = h("div", { class: "strip-place" });
const list = new MessageList({ testid: "channel-messages", label: "Messages", intro });
const composer = new Composer({ testid: "composer-input", where });
const outside = h("div", { class: "composer-closed", testid: "composer-closed", hidden: true });

function where() {
  const channel = openConversation();
  return { channel, name: channel === dmChannel() ? botName() : `#${channelName(channel)}` };
}

/** Above the first message: what this place is. In a channel the app is in and where nothing happened: where to start. */
function intro(messages) {
  const channel = openConversation();
  if (!channel) return null;
  if (channel === dmChannel()) {
    return h(
      "div",
      { class: "intro" },
      avatar(who(botId()), "avatar-large"),
      h("h2", {}, botName()),
      h("p", { class: "muted" }, "Messages between you and the app. Try a question, or a slash command."),
    );
  }
  const about = channelById(channel);
  const head = h(
    "div",
    { class: "intro" },
    h("span", { class: "intro-sign" }, icon("hash")),
    h("h2", {}, `#${about?.name ?? channel}`),
    h("p", { class: "muted" }, about?.topic || "This is the very beginning of the channel."),
    about && !about.bot_is_member && h("p", { class: "muted" }, `${botName()} has not been invited here.`),
  );
  return [head, !messages.length && about?.bot_is_member ? welcome() : null];
}

function drawHeader() {
  const channel = openConversation();
  if (!channel) return;
  const about = channelById(channel);
  const title =
    channel === dmChannel()
      ? h("h1", { class: "title" }, botName())
      : h("h1", { class: "title" }, icon("hash"), about?.name ?? channel);
  patch(
    header,
    title,
    about?.topic && h("span", { class: "topic" }, about.topic),
    about?.members &&
      h(
        "span",
        { class: "members", title: about.members.map((id) => who(id).name).join(", ") },
        `${about.members.length} members`,
      ),
  );
}

function draw() {
  const channel = openConversation();
  if (!channel) return;
  const messages = store.messages.get(channel) ?? [];
  const added = list.show(messages, `${store.me}/${channel}`);
  for (const message of added) if (message.user !== store.me) announce(message);
}

function drawPlace() {
  const channel = openConversation();
  if (!channel) return;
  drawHeader();
  composer.show();
  const mine = persona()?.channels;
  const inside = channel === dmChannel() || !mine || mine.includes(channel);
  composer.node.hidden = !inside;
  outside.hidden = inside;
  outside.textContent = `You are looking in on #${channelName(channel)}; this persona is not a member.`;
  patch(strip, channel === dmChannel() ? null : scenarioStrip());
  draw();
}

on("channel", (channel) => {
  if (channel !== openConversation()) return;
  draw();
  patch(strip, channel === dmChannel() ? null : scenarioStrip());
});
on("place me workspace scenarios world", drawPlace);

export const conversation = {
  header,
  list,
  composer,
  body: [strip, list.node, composer.node, outside],
};
