// Small things that open beside a control: menus. One at a time; Esc, a click elsewhere or a choice closes it.

import { h } from "../dom.js";

let open = null;

/** Close whatever menu is open; true when there was one. */
export function closeMenu(refocus = true) {
  if (!open) return false;
  const { menu, anchor } = open;
  open = null;
  menu.remove();
  anchor.setAttribute("aria-expanded", "false");
  if (refocus) anchor.focus();
  return true;
}

/** Open a menu at `anchor`: items of {label, note?, testid?, face?, checked?, choose()}. */
export function openMenu(anchor, items, { className = "", title = "" } = {}) {
  if (open?.anchor === anchor) {
    closeMenu();
    return;
  }
  closeMenu(false);
  const radio = items.some((item) => item.checked !== undefined);
  const entries = items.map((item) =>
    h(
      "button",
      {
        type: "button",
        class: "menu-item",
        role: radio ? "menuitemradio" : "menuitem",
        "aria-checked": radio ? String(Boolean(item.checked)) : null,
        tabindex: "-1",
        testid: item.testid,
        on: {
          click: () => {
            closeMenu();
            item.choose();
          },
        },
      },
      item.face,
      h(
        "span",
        { class: "menu-text" },
        h("span", { class: "menu-label" }, item.label),
        item.note && h("span", { class: "menu-note" }, item.note),
      ),
    ),
  );
  const menu = h(
    "div",
    { class: `menu ${className}`.trim(), role: "menu", "aria-label": title || "Menu" },
    title && h("div", { class: "menu-title", role: "presentation" }, title),
    entries,
  );
  menu.addEventListener("keydown", (event) => walk(event, entries));
  // Inside an open dialog everything outside is inert, so the menu goes where its anchor is.
  (anchor.closest("dialog") ?? document.body).append(menu);
  place(menu, anchor);
  anchor.setAttribute("aria-expanded", "true");
  open = { menu, anchor };
  (entries.find((entry) => entry.getAttribute("aria-checked") === "true") ?? entries[0])?.focus();
}

function walk(event, entries) {
  const at = entries.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: entries.length - 1 }[event.key];
  if (to !== undefined) {
    event.preventDefault();
    entries[(to + entries.length) % entries.length].focus();
  } else if (event.key === "Escape" || event.key === "Tab") {
    event.preventDefault();
    event.stopPropagation();
    closeMenu();
  }
}

function place(menu, anchor) {
  const at = anchor.getBoundingClientRect();
  const size = menu.getBoundingClientRect();
  const below = at.bottom + 6 + size.height <= window.innerHeight;
  const top = below ? at.bottom + 6 : Math.max(8, at.top - size.height - 6);
  const left = Math.max(8, Math.min(at.left, window.innerWidth - size.width - 8));
  menu.style.setProperty("top", `${Math.round(top)}px`);
  menu.style.setProperty("left", `${Math.round(left)}px`);
}

document.addEventListener("pointerdown", (event) => {
  if (open && !open.menu.contains(event.target) && !open.anchor.contains(event.target)) closeMenu(false);
});
window.addEventListener("resize", () => closeMenu(false));
