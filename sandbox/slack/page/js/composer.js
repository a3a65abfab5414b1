// Where a person writes: Enter sends, Shift+Enter breaks the line, "/" completes commands, "@" people.

import { api } from "./api.js";
import { Completion } from "./completion.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { inWords } from "./pending.js";
import { persona, store } from "./state.js";

const MOST_ROWS_PX = 180;

export class Composer {
  #drafts = new Map();
  #key = null;

  /** `where()` -> {channel, threadTs?, name}; `testid` is the input's. */
  constructor({ testid, where }) {
    this.where = where;
    this.input = h("textarea", {
      class: "composer-input",
      testid,
      rows: 1,
      role: "combobox",
      "aria-autocomplete": "list",
      "aria-expanded": "false",
      "aria-controls": `${testid}-list`,
    });
    this.send = h(
      "button",
      {
        type: "button",
        class: "composer-send",
        testid: `${testid}-send`,
        "aria-label": "Send",
        disabled: true,
        on: { click: () => this.#submit() },
      },
      icon("send"),
    );
    this.note = h("div", { class: "composer-note", role: "alert", testid: `${testid}-note`, hidden: true });
    this.hint = h("div", { class: "composer-hint", "aria-hidden": "true" });
    this.completion = new Completion(this.input, `${testid}-list`, () => this.#resize());
    const box = h(
      "div",
      { class: "composer-box" },
      this.input,
      h("div", { class: "composer-bar" }, this.hint, this.send),
    );
    this.node = h("div", { class: "composer" }, this.completion.node, this.note, box);
    this.input.addEventListener("input", () => this.#typed());
    this.input.addEventListener("keydown", (event) => this.#keyDown(event));
  }

  /** Aim at another place: its draft comes back, the other's is kept. */
  show() {
    const { channel, threadTs, name } = this.where();
    const key = `${store.me}/${channel}/${threadTs ?? ""}`;
    if (key !== this.#key) {
      if (this.#key) this.#drafts.set(this.#key, this.input.value);
      this.#key = key;
      this.input.value = this.#drafts.get(key) ?? "";
      this.#tell("");
      this.completion.close();
      this.#resize();
    }
    const label = threadTs ? "Reply…" : `Message ${name}`;
    this.input.placeholder = label;
    this.input.setAttribute("aria-label", label);
    const me = persona()?.real_name ?? persona()?.name ?? "";
    this.hint.textContent = threadTs ? "" : `As ${me} · type / for commands, @ to mention`;
  }

  focus() {
    this.input.focus();
  }

  #tell(text) {
    this.note.hidden = !text;
    this.note.textContent = text;
  }

  #typed() {
    this.#tell("");
    this.#resize();
    this.completion.update();
  }

  #resize() {
    this.send.disabled = !this.input.value.trim();
    this.input.style.setProperty("height", "auto");
    this.input.style.setProperty("height", `${Math.min(MOST_ROWS_PX, this.input.scrollHeight)}px`);
  }

  #keyDown(event) {
    if (event.isComposing) return;
    if (this.completion.key(event)) {
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.#submit();
    }
  }

  async #submit() {
    const text = this.input.value.trim();
    if (!text) return;
    const { channel, threadTs } = this.where();
    this.input.value = "";
    this.completion.close();
    this.#tell("");
    this.#resize();
    const failed = await this.#deliver(text, channel, threadTs);
    if (!failed) return;
    this.#tell(failed);
    if (!this.input.value) this.input.value = text;
    this.#resize();
  }

  /** Send it; the reason in words when that failed. */
  async #deliver(text, channel, threadTs) {
    try {
      if (!text.startsWith("/")) {
        const answer = await api.post(store.me, channel, withMentions(text), threadTs);
        return answer.ok ? "" : inWords(answer.error);
      }
      const command = text.split(/\s/, 1)[0];
      if (!store.workspace.commands.some((each) => each.command === command))
        return `${command} is not a command here. Type / to see which are.`;
      if (threadTs)
        return `${command} is not supported in threads, as in Slack. Mention @agentops here, or use the channel.`;
      const answer = await api.command(store.me, channel, text);
      // A timeout shows as Slackbot's notice in the channel, so the text is not given back here.
      return answer.ok || answer.error === "operation_timeout" ? "" : inWords(answer.error);
    } catch (error) {
      return `Not sent: ${error.message}.`;
    }
  }
}

/** "@On-call approver" and "@oncall" as Slack sends them; the sandbox turns @agentops into the app itself. */
function withMentions(text) {
  let out = text;
  for (const each of store.workspace.personas) {
    for (const name of [each.real_name, each.name]) {
      if (name)
        out = out.replaceAll(
          new RegExp(`(^|\\s)@${name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?![\\w-])`, "gi"),
          `$1<@${each.id}>`,
        );
    }
  }
  return out;
}
