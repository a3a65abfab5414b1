// Block Kit's confirm object: asked before the action is sent.

import { h } from "../dom.js";
import { textObject } from "../text/text_object.js";
import { showDialog } from "./dialog.js";

/** Ask; resolves to true only when the person confirms. */
export function confirmDialog(confirm) {
  return new Promise((resolve) => {
    const answer = (yes) => {
      dialog.close();
      resolve(yes);
    };
    const style = confirm.style === "danger" ? "button-danger" : "button-primary";
    const ok = h(
      "button",
      { type: "button", class: `button ${style}`, testid: "confirm-ok", on: { click: () => answer(true) } },
      confirm.confirm?.text ?? "Yes",
    );
    const deny = h(
      "button",
      {
        type: "button",
        class: "button button-plain",
        testid: "confirm-cancel",
        on: { click: () => answer(false) },
      },
      confirm.deny?.text ?? "Cancel",
    );
    const content = [
      h("h2", { class: "dialog-title" }, textObject(confirm.title)),
      h("div", { class: "dialog-body text" }, textObject(confirm.text)),
      h("div", { class: "dialog-buttons" }, deny, ok),
    ];
    const dialog = showDialog({
      testid: "confirm-dialog",
      label: confirm.title?.text ?? "Are you sure?",
      className: "dialog-small",
      role: "alertdialog",
      content,
      cancelled: () => answer(false),
    });
    ok.focus();
  });
}
