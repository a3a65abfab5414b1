// A scrolling list of messages that keeps its place: at the bottom it follows, elsewhere it says what is new.

import { h, patch, rememberFocus } from "./dom.js";
import { icon } from "./icons.js";
import { continues, messageElement } from "./message.js";
import { store } from "./state.js";
import { dayKey, dayOf } from "./time.js";

const NEAR = 60;

export class MessageList {
  #rows = new Map();
  #stick = true;
  #key = null;

  /** `before` and `empty` make what stands above the messages and in their place. */
  constructor({ testid, label, inThread = false, intro = () => null, divider = () => null }) {
    this.inThread = inThread;
    this.intro = intro;
    this.divider = divider;
    this.top = h("div", { class: "list-top" });
    this.items = h("div", { class: "list-items" });
    this.pill = h(
      "button",
      {
        type: "button",
        class: "new-pill",
        testid: `${testid}-new`,
        hidden: true,
        on: { click: () => this.toBottom(true) },
      },
      icon("down"),
      h("span", {}, "New messages"),
    );
    this.scroller = h(
      "div",
      { class: "list-scroll", testid, role: "log", "aria-live": "off", "aria-label": label, tabindex: "0" },
      h("div", { class: "list-inner" }, this.top, this.items),
    );
    this.node = h("div", { class: "list" }, this.scroller, this.pill);
    this.scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    new ResizeObserver(() => this.#stick && this.toBottom()).observe(this.scroller.firstChild);
    new ResizeObserver(() => this.#stick && this.toBottom()).observe(this.scroller);
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    this.#stick = scrollHeight - scrollTop - clientHeight < NEAR;
    if (this.#stick) this.pill.hidden = true;
  }

  toBottom(smooth = false) {
    this.pill.hidden = true;
    this.#stick = true;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.scroller.scrollTo({
      top: this.scroller.scrollHeight,
      behavior: smooth && !calm ? "smooth" : "instant",
    });
  }

  /** Show these messages; `key` names the place, and a new place starts at the bottom. */
  show(messages, key) {
    const fresh = key !== this.#key;
    if (fresh) {
      this.#key = key;
      this.#rows.clear();
      this.items.replaceChildren();
      this.#stick = true;
    }
    const known = new Set(this.#rows.keys());
    const restore = rememberFocus(this.items);
    this.#place(this.#wanted(messages));
    restore();
    patch(this.top, this.intro(messages));
    const added = messages.filter((message) => !known.has(`m${message.ts}`));
    if (this.#stick) this.toBottom();
    else if (added.some((message) => message.user !== store.me)) this.pill.hidden = false;
    if (added.at(-1)?.user === store.me && !fresh) this.toBottom();
    return fresh ? [] : added;
  }

  /** The rows that should be there, in order, made anew only where something changed. */
  #wanted(messages) {
    const rows = [];
    let before = null;
    for (const [index, message] of messages.entries()) {
      const day = dayKey(message.ts);
      const newDay = !before || dayKey(before.ts) !== day;
      if (newDay && !this.inThread)
        rows.push(
          this.#row(`d${day}`, dayOf(message.ts), () =>
            h("div", { class: "day", role: "separator" }, h("span", {}, dayOf(message.ts))),
          ),
        );
      const compact = !newDay && index !== (this.inThread ? 1 : 0) && continues(message, before);
      rows.push(
        this.#row(`m${message.ts}`, JSON.stringify([message, compact]), () =>
          messageElement(message, { compact, inThread: this.inThread }),
        ),
      );
      const divider = this.divider(message, index);
      if (divider)
        rows.push(
          this.#row(`x${index}`, divider, () =>
            h("div", { class: "replies-divider" }, h("span", {}, divider)),
          ),
        );
      before = message;
    }
    return rows;
  }

  #row(key, signature, make) {
    const old = this.#rows.get(key);
    return old?.signature === signature ? { key, ...old } : { key, signature, node: make() };
  }

  #place(rows) {
    const wanted = new Map(rows.map(({ key, signature, node }) => [key, { signature, node }]));
    for (const [key, { node }] of this.#rows)
      if (wanted.get(key)?.node !== node) this.#retire(node, wanted.get(key)?.node);
    let at = this.items.firstChild;
    for (const { node } of wanted.values()) {
      if (node === at) at = at.nextSibling;
      else this.items.insertBefore(node, at);
    }
    this.#rows = wanted;
  }

  /** Put the new node where the old one was, so that a redrawn message neither jumps nor flashes. */
  #retire(old, fresh) {
    if (fresh && old.isConnected) {
      const focused = old === document.activeElement;
      old.replaceWith(fresh);
      if (focused) fresh.focus({ preventScroll: true });
    } else old.remove();
  }

  messages() {
    return [...this.items.querySelectorAll(".message")];
  }

  /** Move the focus by `step` messages from where it is (from the newest when it is elsewhere). */
  move(step) {
    const all = this.messages();
    const at = all.indexOf(document.activeElement?.closest?.(".message"));
    const next = at < 0 ? all.at(-1) : all[Math.max(0, Math.min(all.length - 1, at + step))];
    next?.focus();
    next?.scrollIntoView({ block: "nearest" });
  }

  /** Bring one message into view and mark it for a moment. */
  reveal(ts) {
    const node = this.#rows.get(`m${ts}`)?.node;
    if (!node) return;
    this.#stick = false;
    node.scrollIntoView({ block: "center" });
    node.classList.add("is-revealed");
    node.addEventListener("animationend", () => node.classList.remove("is-revealed"), { once: true });
    node.focus({ preventScroll: true });
  }
}
