// Images and video. The page's policy lets images come from this sandbox only; any other address is shown, not fetched.

import { fileAddress } from "../api.js";
import { h } from "../dom.js";
import { icon } from "../icons.js";
import { safeUrl, link } from "../text/links.js";
import { withEmoji } from "../text/inline.js";
import { lightbox } from "../ui/lightbox.js";

/** The address to load for an image element or block: one of this origin, or null. */
export function imageSource(image) {
  const id = image.slack_file?.id;
  if (id) return fileAddress(id);
  const given = image.image_url ?? image.slack_file?.url;
  if (!given) return null;
  if (/^data:image\/(png|jpeg|gif|webp);/.test(given)) return given;
  try {
    const url = new URL(given, location.origin);
    return url.origin === location.origin ? url.pathname + url.search : null;
  } catch {
    return null;
  }
}

function missing(image) {
  const address = image.image_url ?? image.slack_file?.url;
  return h(
    "span",
    { class: "image-missing", role: "img", "aria-label": image.alt_text ?? "image" },
    icon("image"),
    h("span", {}, image.alt_text || "Image"),
    address &&
      safeUrl(address) &&
      h("span", { class: "muted" }, "not loaded from ", link(address, safeUrl(address).host)),
  );
}

/** A small image (context, accessory): no frame, not clickable. */
export function picture(image, shape) {
  const source = imageSource(image);
  if (!source) return missing(image);
  const node = h("img", { class: shape, src: source, alt: image.alt_text ?? "", loading: "lazy" });
  node.addEventListener("error", () => node.replaceWith(missing(image)));
  return node;
}

/** An image that opens large on a click. */
export function figure(image, title, testid) {
  const source = imageSource(image);
  const caption = title && h("figcaption", { class: "image-title" }, title);
  if (!source) return h("figure", { class: "block-image" }, caption, missing(image));
  const img = h("img", { class: "image", src: source, alt: image.alt_text ?? "" });
  const open = h(
    "button",
    {
      type: "button",
      class: "image-open",
      testid,
      "aria-label": `Enlarge: ${image.alt_text ?? "image"}`,
      on: { click: () => lightbox(source, image.alt_text ?? "") },
    },
    img,
  );
  img.addEventListener("error", () => open.replaceWith(missing(image)));
  return h("figure", { class: "block-image" }, caption, open);
}

export function image(block) {
  return figure(block, block.title?.text && withEmoji(block.title.text), "image-open");
}

export function video(block) {
  const title = block.title?.text ?? block.alt_text ?? "Video";
  const shown = block.title_url ? link(block.title_url, title) : title;
  return h(
    "div",
    { class: "block-video" },
    icon("video"),
    h(
      "div",
      {},
      h("div", { class: "strong" }, shown),
      h("div", { class: "muted" }, block.description?.text ?? "Videos are not played here."),
    ),
  );
}
