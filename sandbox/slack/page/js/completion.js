// The list above the composer: commands after "/", people after "@". Arrows choose, Tab or Enter takes, Esc closes.

import { h } from "./dom.js";
import { avatar, botId, who } from "./people.js";
import { store } from "./state.js";

const MOST = 8;

/** Commands and their subcommands that fit what is typed. */
function commands(text) {
  const all = store.workspace.commands.flatMap((each) => [
    {
      insert: `${each.command} `,
      label: each.command,
      hint: each.completions?.length ? "" : each.usage_hint,
      note: each.description,
    },
    ...(each.completions ?? []).map((entry) => ({
      insert: entry.text,
      label: entry.text.trim(),
      hint: entry.hint,
      note: entry.description,
    })),
  ]);
  const typed = text.toLowerCase();
  const fits = all.filter(
    (entry) =>
      entry.insert.toLowerCase().startsWith(typed) && entry.insert.trim().toLowerCase() !== typed.trim(),
  );
  // Once the command's name is there, its own line says nothing new.
  return text.includes(" ") ? fits.filter((entry) => entry.label.includes(" ")) : fits;
}

function people(typed) {
  const app = {
    insert: "@agentops ",
    label: who(botId()).name,
    note: "App: ask a question",
    person: who(botId()),
  };
  const others = store.workspace.personas
    .filter((each) => each.id !== store.me)
    .map((each) => ({
      insert: `@${each.real_name ?? each.name} `,
      label: each.real_name ?? each.name,
      person: who(each.id),
    }));
  const start = typed.toLowerCase();
  return [app, ...others].filter(
    (entry) =>
      entry.insert.slice(1).toLowerCase().startsWith(start) || entry.label.toLowerCase().includes(start),
  );
}

export class Completion {
  #entries = [];
  #at = 0;
  #from = 0;
  #moved = false;

  constructor(input, id, changed) {
    this.input = input;
    this.id = id;
    this.changed = changed;
    this.node = h("ul", {
      class: "completion",
      role: "listbox",
      id,
      testid: id,
      hidden: true,
      "aria-label": "Suggestions",
    });
    input.addEventListener("blur", () => this.close());
  }

  /** Look at the text before the caret and offer what fits. */
  update() {
    const before = this.input.value.slice(0, this.input.selectionStart);
    const mention = /(?:^|\s)@([\w-]*)$/.exec(before);
    if (before.startsWith("/")) {
      this.#from = 0;
      this.#entries = commands(before);
    } else if (mention) {
      this.#from = before.length - mention[1].length - 1;
      this.#entries = people(mention[1]);
    } else this.#entries = [];
    this.#entries = this.#entries.slice(0, MOST);
    this.#at = 0;
    this.#moved = false;
    this.#draw();
  }

  close() {
    this.#entries = [];
    this.#draw();
  }

  /** True when the key was for the list. */
  key(event) {
    if (!this.#entries.length || event.shiftKey || event.metaKey || event.ctrlKey || event.altKey)
      return false;
    const count = this.#entries.length;
    switch (event.key) {
      case "ArrowDown":
        this.#at = (this.#at + 1) % count;
        break;
      case "ArrowUp":
        this.#at = (this.#at - 1 + count) % count;
        break;
      case "Escape":
        this.close();
        return true;
      case "Tab":
        this.#take(this.#at);
        return true;
      case "Enter":
        // What is typed is sent as it stands, unless an entry was chosen with the arrows; a mention is completed.
        if (!this.#moved && this.input.value.startsWith("/")) return false;
        this.#take(this.#at);
        return true;
      default:
        return false;
    }
    this.#moved = true;
    this.#draw();
    return true;
  }

  #take(index) {
    const caret = this.input.selectionStart;
    const { insert } = this.#entries[index];
    this.input.value = this.input.value.slice(0, this.#from) + insert + this.input.value.slice(caret);
    const end = this.#from + insert.length;
    this.input.setSelectionRange(end, end);
    this.input.focus();
    this.update();
    this.changed();
  }

  #draw() {
    const open = this.#entries.length > 0;
    this.node.hidden = !open;
    this.input.setAttribute("aria-expanded", String(open));
    this.node.replaceChildren(...this.#entries.map((entry, index) => this.#row(entry, index)));
    if (open) this.input.setAttribute("aria-activedescendant", `${this.id}-${this.#at}`);
    else this.input.removeAttribute("aria-activedescendant");
    this.node.children[this.#at]?.scrollIntoView({ block: "nearest" });
  }

  #row(entry, position) {
    const take = (event) => {
      event.preventDefault(); // the input keeps the focus
      this.#take(position);
    };
    return h(
      "li",
      {
        class: "completion-item",
        role: "option",
        id: `${this.id}-${position}`,
        "aria-selected": String(position === this.#at),
        on: { mousedown: take },
      },
      entry.person && avatar(entry.person, "avatar-small"),
      h("span", { class: "completion-label" }, entry.label),
      entry.hint && h("span", { class: "completion-hint" }, entry.hint),
      entry.note && h("span", { class: "completion-note" }, entry.note),
    );
  }
}
