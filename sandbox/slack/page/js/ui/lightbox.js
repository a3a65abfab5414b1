// An image at its full size.

import { h } from "../dom.js";
import { icon } from "../icons.js";
import { showDialog } from "./dialog.js";

/** Show the image until Esc, the close button or a click beside it. */
export function lightbox(source, alt) {
  const close = () => dialog.close();
  const content = h(
    "figure",
    { class: "lightbox-figure" },
    h(
      "figcaption",
      { class: "lightbox-head" },
      h("span", {}, alt || "Image"),
      h(
        "button",
        {
          type: "button",
          class: "icon-only",
          testid: "lightbox-close",
          "aria-label": "Close",
          on: { click: close },
        },
        icon("close"),
      ),
    ),
    h("img", { class: "lightbox-image", src: source, alt }),
  );
  const dialog = showDialog({
    testid: "lightbox",
    label: alt || "Image",
    className: "lightbox",
    content,
    cancelled: close,
    light: true,
  });
}
