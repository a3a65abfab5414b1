// Times as a reader in this browser's place and language expects them.

const clock = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const clockSeconds = new Intl.DateTimeFormat(undefined, {
  hour: "numeric",
  minute: "2-digit",
  second: "2-digit",
});
const dayLong = new Intl.DateTimeFormat(undefined, { weekday: "long", month: "long", day: "numeric" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });

/** A Slack timestamp ("1700000000.000100") as a Date. */
export const dateOf = (ts) => new Date(Number.parseFloat(ts) * 1000);

export const timeOf = (ts) => clock.format(dateOf(ts));
export const secondsOf = (ts) => clockSeconds.format(dateOf(ts));
export const fullOf = (ts) => full.format(dateOf(ts));
export const dayKey = (ts) => dateOf(ts).toDateString();

/** "Today" or "Yesterday", or null for any other day. */
function nearDay(day, now = new Date()) {
  if (day.toDateString() === now.toDateString()) return "Today";
  const before = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1);
  return day.toDateString() === before.toDateString() ? "Yesterday" : null;
}

/** "Today", "Yesterday", or the day by name. */
export const dayOf = (ts) => nearDay(dateOf(ts)) ?? dayLong.format(dateOf(ts));

/** "just now", "4 minutes ago", "3 hours ago", else the day. */
export function ago(ts, now = Date.now()) {
  const seconds = Math.max(0, (now - dateOf(ts).getTime()) / 1000);
  if (seconds < 45) return "just now";
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return minutes === 1 ? "1 minute ago" : `${minutes} minutes ago`;
  const hours = Math.round(minutes / 60);
  if (hours < 24) return hours === 1 ? "1 hour ago" : `${hours} hours ago`;
  return dayOf(ts).toLowerCase();
}

const pad = (number) => String(number).padStart(2, "0");
const part = (options) => (date) => new Intl.DateTimeFormat(undefined, options).format(date);
const DATE_TOKENS = {
  date_num: (date) => `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`,
  date: part({ dateStyle: "long" }),
  date_slash: part({ dateStyle: "short" }),
  date_short: part({ dateStyle: "medium" }),
  date_long: part({ dateStyle: "full" }),
  date_pretty: (date) => nearDay(date) ?? DATE_TOKENS.date(date),
  date_short_pretty: (date) => nearDay(date) ?? DATE_TOKENS.date_short(date),
  date_long_pretty: (date) => nearDay(date) ?? DATE_TOKENS.date_long(date),
  day_divider_pretty: (date) => nearDay(date) ?? dayLong.format(date),
  time: part({ hour: "numeric", minute: "2-digit" }),
  time_secs: part({ hour: "numeric", minute: "2-digit", second: "2-digit" }),
  ago: (date) => ago(date.getTime() / 1000),
};

/** Slack's date format string ("{date_short} at {time}") for a time in unix seconds; null when it is no time. */
export function formatDate(seconds, format) {
  const date = new Date(Number(seconds) * 1000);
  if (Number.isNaN(date.getTime())) return null;
  return String(format).replace(/\{(\w+)\}/g, (whole, name) => DATE_TOKENS[name]?.(date) ?? whole);
}
