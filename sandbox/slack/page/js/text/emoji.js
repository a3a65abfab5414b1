// Emoji shortcodes. The signs that carry state (circles, check, cross, warning ...) are drawn as SVG, so they
// look the same on a machine without a colour emoji font; the others are Unicode.

import { h, svg } from "../dom.js";

const RED = "#d6344a";
const AMBER = "#e0a100";
const GREEN = "#2a9d5c";
const BLUE = "#2f7fd6";

const disc = (fill) => () => [svg("circle", { cx: 12, cy: 12, r: 9.5, fill })];
const square = (fill) => () => [svg("rect", { x: 3, y: 3, width: 18, height: 18, rx: 4, fill })];
const stroke = (d, colour = "#fff", width = 2.6) =>
  svg("path", {
    d,
    fill: "none",
    stroke: colour,
    "stroke-width": width,
    "stroke-linecap": "round",
    "stroke-linejoin": "round",
  });

const DRAWN = {
  red_circle: disc(RED),
  large_orange_circle: disc("#e8730c"),
  large_yellow_circle: disc("#e8bd0c"),
  large_green_circle: disc(GREEN),
  large_blue_circle: disc(BLUE),
  large_purple_circle: disc("#8a4fbf"),
  white_circle: () => [
    svg("circle", { cx: 12, cy: 12, r: 8.5, fill: "none", stroke: "#8a8f98", "stroke-width": 2.4 }),
  ],
  black_circle: disc("#4a4f57"),
  large_red_square: square(RED),
  large_orange_square: square("#e8730c"),
  large_yellow_square: square("#e8bd0c"),
  large_green_square: square(GREEN),
  large_blue_square: square(BLUE),
  white_check_mark: () => [
    svg("rect", { x: 2.5, y: 2.5, width: 19, height: 19, rx: 5, fill: GREEN }),
    stroke("M7 12.5 10.5 16 17 8.5"),
  ],
  heavy_check_mark: () => [stroke("M4.5 13 9.5 18 19.5 6.5", GREEN, 3.4)],
  x: () => [stroke("M6 6l12 12M18 6 6 18", RED, 3.6)],
  no_entry: () => [svg("circle", { cx: 12, cy: 12, r: 9.5, fill: RED }), stroke("M7 12h10", "#fff", 3.4)],
  no_entry_sign: () => [
    svg("circle", { cx: 12, cy: 12, r: 8.5, fill: "none", stroke: RED, "stroke-width": 3 }),
    stroke("M6.5 6.5l11 11", RED, 3),
  ],
  warning: () => [
    svg("path", {
      d: "M12 2.5 23 21.5H1z",
      fill: AMBER,
      stroke: AMBER,
      "stroke-width": 1.5,
      "stroke-linejoin": "round",
    }),
    stroke("M12 9.5v5.5M12 18.4v.1", "#1d1c1d", 2.4),
  ],
  rotating_light: () => [
    svg("path", { d: "M6.5 18v-6a5.5 5.5 0 0 1 11 0v6z", fill: RED }),
    svg("rect", { x: 4, y: 18, width: 16, height: 3.5, rx: 1.2, fill: "#6b7280" }),
    stroke("M12 2v1.6M4.4 5.4l1.3 1.2M19.6 5.4l-1.3 1.2", RED, 2),
  ],
  bell: () => [
    svg("path", { d: "M12 3a6 6 0 0 0-6 6v5l-2 3h16l-2-3V9a6 6 0 0 0-6-6z", fill: AMBER }),
    svg("circle", { cx: 12, cy: 19.6, r: 2, fill: AMBER }),
  ],
  no_bell: () => [
    svg("path", { d: "M12 3a6 6 0 0 0-6 6v5l-2 3h16l-2-3V9a6 6 0 0 0-6-6z", fill: "#8a8f98" }),
    stroke("M4 4l16 16", RED, 2.6),
  ],
  loudspeaker: () => [
    svg("path", { d: "M3 9.5h4l9-5v15l-9-5H3z", fill: AMBER }),
    stroke("M7.5 15l1.5 5M19 9.5a4 4 0 0 1 0 5", AMBER, 2.4),
  ],
  raising_hand: () => [
    svg("circle", { cx: 10, cy: 8, r: 4.2, fill: AMBER }),
    svg("path", { d: "M2.5 21c0-4.5 3.3-7 7.5-7s7.5 2.5 7.5 7z", fill: BLUE }),
    stroke("M19.5 14V5M19.5 5l-1.6 2M19.5 5l1.6 2", AMBER, 2.2),
  ],
  information_source: () => [
    svg("rect", { x: 2.5, y: 2.5, width: 19, height: 19, rx: 5, fill: BLUE }),
    stroke("M12 11v6M12 7.2v.1"),
  ],
  arrows_counterclockwise: () => [
    stroke("M20 10A8 8 0 0 0 6 6.5L4 9M4 4v5h5M4 14a8 8 0 0 0 14 3.5l2-2.5M20 20v-5h-5", BLUE, 2.4),
  ],
  rewind: () => [svg("path", { d: "M12 6v12L3 12zM21 6v12l-9-6z", fill: BLUE })],
  hourglass_flowing_sand: () => [
    stroke("M6 3h12M6 21h12M7.5 3c0 5 9 5.5 9 9s-9 4-9 9M16.5 3c0 5-9 5.5-9 9s9 4 9 9", AMBER, 2),
  ],
  clock3: () => [
    svg("circle", { cx: 12, cy: 12, r: 9, fill: "none", stroke: "#6b7280", "stroke-width": 2.2 }),
    stroke("M12 6.5v5.5h4.5", "#6b7280", 2.2),
  ],
  mag: () => [
    svg("circle", { cx: 10.5, cy: 10.5, r: 6.5, fill: "none", stroke: BLUE, "stroke-width": 2.4 }),
    stroke("M15.5 15.5 21 21", BLUE, 2.8),
  ],
  chart_with_upwards_trend: () => [
    stroke("M3 3v18h18", "#6b7280", 2),
    stroke("M6.5 15.5 11 11l3 3 6-7", RED, 2.4),
  ],
  chart_with_downwards_trend: () => [
    stroke("M3 3v18h18", "#6b7280", 2),
    stroke("M6.5 7 11 12l3-2.5 6 7", BLUE, 2.4),
  ],
  bar_chart: () => [svg("path", { d: "M4 12h4v8H4zM10 5h4v15h-4zM16 9h4v11h-4z", fill: BLUE })],
  robot_face: () => [
    svg("rect", { x: 4, y: 7, width: 16, height: 13, rx: 3.5, fill: "#6f7f95" }),
    svg("circle", { cx: 9, cy: 13, r: 1.7, fill: "#fff" }),
    svg("circle", { cx: 15, cy: 13, r: 1.7, fill: "#fff" }),
    stroke("M12 7V3.5M9.5 17h5", "#6f7f95", 2),
  ],
  lock: () => [
    svg("rect", { x: 5, y: 10.5, width: 14, height: 10, rx: 2.2, fill: AMBER }),
    stroke("M8 10.5V8a4 4 0 0 1 8 0v2.5", "#8a8f98", 2.4),
  ],
  double_vertical_bar: () => [
    svg("rect", { x: 2.5, y: 2.5, width: 19, height: 19, rx: 5, fill: BLUE }),
    stroke("M9.3 8v8M14.7 8v8", "#fff", 2.6),
  ],
};
DRAWN.ballot_box_with_check = DRAWN.white_check_mark;
DRAWN.negative_squared_cross_mark = DRAWN.x;
DRAWN.hourglass = DRAWN.hourglass_flowing_sand;
DRAWN.chart = DRAWN.chart_with_upwards_trend;
DRAWN.mag_right = DRAWN.mag;
DRAWN.green_circle = DRAWN.large_green_circle;
DRAWN.yellow_circle = DRAWN.large_yellow_circle;
DRAWN.orange_circle = DRAWN.large_orange_circle;
DRAWN.blue_circle = DRAWN.large_blue_circle;
DRAWN.pause_button = DRAWN.double_vertical_bar;

const UNICODE = {
  "+1": "👍",
  thumbsup: "👍",
  "-1": "👎",
  thumbsdown: "👎",
  ok_hand: "👌",
  wave: "👋",
  pray: "🙏",
  clap: "👏",
  raised_hands: "🙌",
  muscle: "💪",
  eyes: "👀",
  point_right: "👉",
  point_down: "👇",
  speech_balloon: "💬",
  thinking_face: "🤔",
  smile: "😄",
  slightly_smiling_face: "🙂",
  grinning: "😀",
  joy: "😂",
  sweat_smile: "😅",
  cry: "😢",
  tada: "🎉",
  rocket: "🚀",
  fire: "🔥",
  boom: "💥",
  zap: "⚡",
  sparkles: "✨",
  star: "⭐",
  heart: "❤️",
  broken_heart: "💔",
  bulb: "💡",
  key: "🔑",
  closed_lock_with_key: "🔐",
  shield: "🛡️",
  hammer: "🔨",
  wrench: "🔧",
  hammer_and_wrench: "🛠️",
  gear: "⚙️",
  link: "🔗",
  pushpin: "📌",
  round_pushpin: "📍",
  paperclip: "📎",
  memo: "📝",
  pencil: "📝",
  book: "📖",
  books: "📚",
  bookmark: "🔖",
  clipboard: "📋",
  page_facing_up: "📄",
  scroll: "📜",
  file_folder: "📁",
  open_file_folder: "📂",
  package: "📦",
  inbox_tray: "📥",
  outbox_tray: "📤",
  calendar: "📅",
  date: "📅",
  stopwatch: "⏱️",
  alarm_clock: "⏰",
  timer_clock: "⏲️",
  watch: "⌚",
  telescope: "🔭",
  microscope: "🔬",
  test_tube: "🧪",
  satellite: "📡",
  computer: "💻",
  desktop_computer: "🖥️",
  floppy_disk: "💾",
  cd: "💿",
  chains: "⛓️",
  ambulance: "🚑",
  fire_engine: "🚒",
  construction: "🚧",
  octagonal_sign: "🛑",
  stop_sign: "🛑",
  sos: "🆘",
  question: "❓",
  exclamation: "❗",
  heavy_exclamation_mark: "❗",
  arrow_up: "⬆️",
  arrow_down: "⬇️",
  arrow_right: "➡️",
  arrow_left: "⬅️",
  arrow_forward: "▶️",
  leftwards_arrow_with_hook: "↩️",
  back: "🔙",
  recycle: "♻️",
  money_with_wings: "💸",
  moneybag: "💰",
  dollar: "💵",
  ghost: "👻",
  snowflake: "❄️",
  sunny: "☀️",
  cloud: "☁️",
  thermometer: "🌡️",
  ocean: "🌊",
  seedling: "🌱",
  shrug: "🤷",
  brain: "🧠",
  mega: "📣",
  unlock: "🔓",
  white_large_square: "⬜",
  black_large_square: "⬛",
  hash: "#️⃣",
  one: "1️⃣",
  two: "2️⃣",
  three: "3️⃣",
  four: "4️⃣",
  five: "5️⃣",
};

/** True when the shortcode is one we can show. */
export const isEmoji = (name) => Object.hasOwn(DRAWN, name) || Object.hasOwn(UNICODE, name);

/** One emoji by name, or its `:shortcode:` as text when it is unknown. */
export function emoji(name, unicode) {
  const plain = String(name).split("::")[0];
  if (Object.hasOwn(DRAWN, plain)) {
    const picture = svg("svg", {
      viewBox: "0 0 24 24",
      class: "emoji emoji-drawn",
      role: "img",
      "aria-label": plain.replaceAll("_", " "),
    });
    picture.append(...DRAWN[plain]());
    return picture;
  }
  const sign = UNICODE[plain] ?? fromCodepoints(unicode);
  if (sign && hasGlyph(sign))
    return h("span", { class: "emoji", role: "img", "aria-label": plain.replaceAll("_", " ") }, sign);
  return h("span", { class: "emoji-unknown" }, `:${name}:`);
}

// A machine without an emoji font draws the same empty box for every sign; the shortcode says more than a box.
const glyphs = new Map();

function hasGlyph(sign) {
  if (!glyphs.has(sign)) glyphs.set(sign, pixels(sign) !== pixels("\u{10FFFE}"));
  return glyphs.get(sign);
}

function pixels(sign) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 20;
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  pen.font = "16px sans-serif";
  pen.textBaseline = "top";
  pen.fillText(sign, 0, 0);
  return pen.getImageData(0, 0, 20, 20).data.join();
}

function fromCodepoints(unicode) {
  if (!/^[0-9a-f]{2,6}(-[0-9a-f]{2,6})*$/i.test(unicode ?? "")) return null;
  return String.fromCodePoint(
    ...unicode
      .split("-")
      .map((hex) => Number.parseInt(hex, 16))
      .filter((point) => point <= 0x10ffff),
  );
}

// The same signs written as Unicode in a text are drawn too.
export const SIGNS = {
  "🔴": "red_circle",
  "🟠": "large_orange_circle",
  "🟡": "large_yellow_circle",
  "🟢": "large_green_circle",
  "🔵": "large_blue_circle",
  "🟣": "large_purple_circle",
  "⚪": "white_circle",
  "✅": "white_check_mark",
  "❌": "x",
  "⛔": "no_entry",
  "🚫": "no_entry_sign",
  "🚨": "rotating_light",
  "🔔": "bell",
  "🔍": "mag",
  "🔎": "mag",
  "📈": "chart_with_upwards_trend",
  "📉": "chart_with_downwards_trend",
  "📊": "bar_chart",
  "🤖": "robot_face",
  "⏳": "hourglass",
  "⌛": "hourglass",
  "🔄": "arrows_counterclockwise",
  "⏪": "rewind",
  "🔒": "lock",
  "⚠️": "warning",
  ℹ️: "information_source",
};
