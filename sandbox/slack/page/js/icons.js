// Line icons on a 24 x 24 grid, drawn here so that nothing is fetched and every machine shows the same.

import { svg } from "./dom.js";

const PATHS = {
  alert: "M12 9v4M12 17h.01M10.3 3.9 1.8 18a2 2 0 0 0 1.7 3h17a2 2 0 0 0 1.7-3L13.7 3.9a2 2 0 0 0-3.4 0z",
  bolt: "M13 2 4 14h7l-1 8 9-12h-7z",
  bot: "M12 3v4M7 7h10a3 3 0 0 1 3 3v6a3 3 0 0 1-3 3H7a3 3 0 0 1-3-3v-6a3 3 0 0 1 3-3zM9 12v1.5M15 12v1.5M1.5 12v3M22.5 12v3",
  check: "M5 12.5 10 17.5 19.5 7",
  chevron: "M6 9l6 6 6-6",
  circle: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z",
  close: "M6 6l12 12M18 6 6 18",
  dots: "M12 5.5v.01M12 12v.01M12 18.5v.01",
  down: "M12 5v14M6 13l6 6 6-6",
  eye: "M2 12s3.5-7 10-7 10 7 10 7-3.5 7-10 7S2 12 2 12zM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z",
  file: "M14 3H7a2 2 0 0 0-2 2v14a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2V8zM14 3v5h5",
  hash: "M4 9h16M4 15h16M10 3 8 21M16 3l-2 18",
  help: "M9.1 9a3 3 0 0 1 5.8 1c0 2-2.9 2.4-2.9 4M12 17.5v.01M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z",
  home: "M3 11 12 4l9 7M6 9.5V20h12V9.5",
  image:
    "M5 4h14a2 2 0 0 1 2 2v12a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2zM8.5 8a1.5 1.5 0 1 0 0 3 1.5 1.5 0 0 0 0-3zM21 16l-5-5L5 20",
  info: "M12 11v6M12 7.5v.01M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z",
  moon: "M20 14.5A8.5 8.5 0 1 1 9.5 4a7 7 0 0 0 10.5 10.5z",
  play: "M8 5v14l11-7z",
  refresh: "M20 11a8 8 0 1 0-2.3 6.3M20 4v7h-7",
  reply: "M21 12a8 8 0 0 1-8 8H4l2-3.2A8 8 0 1 1 21 12z",
  search: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM21 21l-5-5",
  send: "M4 12 3 4l18 8-18 8 1-8zM4 12h8",
  sun: "M12 7a5 5 0 1 0 0 10 5 5 0 0 0 0-10zM12 1.5v2M12 20.5v2M4.6 4.6 6 6M18 18l1.4 1.4M1.5 12h2M20.5 12h2M4.6 19.4 6 18M18 6l1.4-1.4",
  thumb: "M7 11v9H4v-9zM7 11l4-8a2.5 2.5 0 0 1 2.5 2.5V9H19a2 2 0 0 1 2 2.3l-1.2 7A2 2 0 0 1 17.8 20H7",
  trash: "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5",
  video: "M4 6h11a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V7a1 1 0 0 1 1-1zM16 10l5-3v10l-5-3",
};

/** One icon; decorative, so hidden from screen readers (its control carries the label). */
export function icon(name, extra = "") {
  const node = svg("svg", {
    viewBox: "0 0 24 24",
    class: `icon icon-${name} ${extra}`.trim(),
    "aria-hidden": "true",
    focusable: "false",
  });
  node.append(svg("path", { d: PATHS[name] ?? PATHS.circle }));
  return node;
}
