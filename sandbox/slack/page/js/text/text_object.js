// A text object of Block Kit: mrkdwn or plain_text.

import { withEmoji } from "./inline.js";
import { mrkdwn } from "./mrkdwn.js";

/** A text object, or a bare string, as nodes. */
export function textObject(text) {
  if (!text) return [];
  if (typeof text === "string") return withEmoji(text);
  return text.type === "mrkdwn" ? mrkdwn(text.text, { verbatim: text.verbatim }) : withEmoji(text.text ?? "");
}
