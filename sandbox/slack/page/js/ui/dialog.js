// A modal <dialog>: the browser keeps the focus inside and the page behind inert. Removed when it closes.

import { h } from "../dom.js";

/** Show a dialog; `cancelled` runs on Esc, or a click on the backdrop where `light` is true. */
export function showDialog({ testid, label, className, content, cancelled, light = false, role }) {
  const node = h(
    "dialog",
    { class: `dialog ${className ?? ""}`.trim(), testid, "aria-label": label, role },
    content,
  );
  const opener = document.activeElement;
  node.addEventListener("cancel", (event) => {
    event.preventDefault();
    cancelled();
  });
  node.addEventListener("pointerdown", (event) => {
    if (light && event.target === node) cancelled();
  });
  document.body.append(node);
  node.showModal();
  return {
    node,
    close() {
      node.close();
      node.remove();
      if (opener?.isConnected) opener.focus({ preventScroll: true });
    },
  };
}
