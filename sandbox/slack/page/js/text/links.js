// Links. A click leaves this page only for http and https, in a new tab, without a referrer; every other scheme is
// shown as the dead text it is. Links to a message of this workspace open it here.

import { h } from "../dom.js";
import { emit } from "../state.js";

const ARCHIVE = /^\/archives\/([A-Z0-9]+)(?:\/p(\d{10})(\d{6}))?\/?$/;

/** The URL when it is http(s), else null. */
export function safeUrl(address) {
  try {
    const url = new URL(String(address));
    return url.protocol === "https:" || url.protocol === "http:" ? url : null;
  } catch {
    return null;
  }
}

/** {channel, ts, threadTs} when the address is a message or channel of this workspace, else null. */
export function permalink(url) {
  const ours =
    url.host === location.host || url.hostname.endsWith(".slack.com") || url.hostname === "slack.com";
  const match = ours && ARCHIVE.exec(url.pathname);
  if (!match) return null;
  const ts = match[2] ? `${match[2]}.${match[3]}` : null;
  return { channel: match[1], ts, threadTs: url.searchParams.get("thread_ts") };
}

/** A link to `address` showing `label` (nodes or text; the address itself when empty). */
export function link(address, label) {
  const url = safeUrl(address);
  const shown = label === undefined || label === null || label.length === 0 ? String(address) : label;
  if (!url) return h("span", { class: "link-dead", title: "Not a web address, so not a link here" }, shown);
  const here = permalink(url);
  if (here) {
    const open = (event) => {
      event.preventDefault();
      emit("goto", here);
    };
    return h(
      "a",
      { href: url.href, class: "link", title: "Opens the message here", on: { click: open } },
      shown,
    );
  }
  return h(
    "a",
    { href: url.href, class: "link", target: "_blank", rel: "noopener noreferrer", title: url.href },
    shown,
  );
}
