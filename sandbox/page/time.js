// Times as the reader reads them: in their own zone and their region's way, with UTC at hand.

import { h } from "./dom.js";

const DAY_MS = 86_400_000;

/** English words (the page is in English), written as the reader's region writes them. */
export function readersLocale(language = globalThis.navigator?.language ?? "en-GB") {
  try {
    const region = new Intl.Locale(language).maximize().region;
    return region ? `en-${region}` : "en-GB";
  } catch {
    return "en-GB";
  }
}

const HERE = { locale: readersLocale(), zone: undefined };

const FORMATS = new Map(); // They take long to make, and a page needs the same few all the time.

function parts(at, options, { locale, zone }) {
  const key = JSON.stringify([locale, zone, options]);
  if (!FORMATS.has(key)) {
    FORMATS.set(key, new Intl.DateTimeFormat(locale, { ...options, timeZone: zone }));
  }
  return FORMATS.get(key).format(at);
}

function dayNumber(at, { zone }) {
  return parts(
    at,
    { year: "numeric", month: "2-digit", day: "2-digit" },
    { locale: "en-CA", zone },
  );
}

function pretty(at, otherwise, here) {
  const now = here.now ?? Date.now();
  const named = [
    ["today", 0],
    ["yesterday", -DAY_MS],
    ["tomorrow", DAY_MS],
  ];
  const found = named.find(([, away]) => dayNumber(now + away, here) === dayNumber(at, here));
  return found ? found[0] : otherwise;
}

const LONG = { weekday: "long", day: "numeric", month: "long", year: "numeric" };
const DATE = { day: "numeric", month: "long", year: "numeric" };
const SHORT = { day: "numeric", month: "short", year: "numeric" };

// The placeholders of Slack's date format; each gets the moment and whose clock it is.
const PLACEHOLDERS = {
  date_num: (at, here) => dayNumber(at, here),
  date_slash: (at, here) => parts(at, { year: "numeric", month: "2-digit", day: "2-digit" }, here),
  date: (at, here) => parts(at, DATE, here),
  date_pretty: (at, here) => pretty(at, parts(at, DATE, here), here),
  date_short: (at, here) => parts(at, SHORT, here),
  date_short_pretty: (at, here) => pretty(at, parts(at, SHORT, here), here),
  date_long: (at, here) => parts(at, LONG, here),
  date_long_full: (at, here) => parts(at, LONG, here),
  date_long_pretty: (at, here) => pretty(at, parts(at, LONG, here), here),
  day_divider_pretty: (at, here) => pretty(at, parts(at, LONG, here), here),
  time: (at, here) => parts(at, { hour: "numeric", minute: "2-digit" }, here),
  time_secs: (at, here) =>
    parts(at, { hour: "numeric", minute: "2-digit", second: "2-digit" }, here),
  ago: (at, here) => ago(at, here),
};

/** How long ago, or how far ahead, in the largest unit that fits. */
export function ago(at, here = HERE) {
  const seconds = Math.round((at - (here.now ?? Date.now())) / 1000);
  const units = [
    ["day", 86_400],
    ["hour", 3_600],
    ["minute", 60],
  ];
  const [unit, size] = units.find(([, length]) => Math.abs(seconds) >= length) ?? ["second", 1];
  const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  return words.format(Math.trunc(seconds / size), unit);
}

/** Fills Slack's date format for a moment in epoch seconds; null if that is no moment. */
export function formatDate(epoch, format, here = HERE) {
  const at = Number(epoch) * 1000;
  if (!Number.isFinite(at) || Math.abs(at) > 8.64e15) return null;
  return String(format).replace(/\{(\w+)\}/g, (whole, name) =>
    Object.hasOwn(PLACEHOLDERS, name) ? PLACEHOLDERS[name](at, here) : whole,
  );
}

/** The moment in full, in the reader's zone and in UTC: what a title says. */
export function inFull(at, here = HERE) {
  const zone = here.zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  const own = parts(at, { ...SHORT, hour: "2-digit", minute: "2-digit", second: "2-digit" }, here);
  const utc = new Date(at).toISOString().replace("T", " ").slice(0, 19);
  return `${own} (${zone})\n${utc} UTC`;
}

/** A `<time>` that shows the text and says the moment in full when asked. */
export function moment(epoch, text, props) {
  const at = Number(epoch) * 1000;
  if (!Number.isFinite(at) || Math.abs(at) > 8.64e15) return h("span", props, text);
  const attributes = { datetime: new Date(at).toISOString(), title: inFull(at), ...props };
  return h("time", attributes, text);
}

/** The clock time of a message. */
export function clock(ts, props) {
  return moment(ts, formatDate(ts, "{time}") ?? "", props);
}

/** The day a message belongs to, as a key and as a divider says it. */
export function dayOf(ts, here = HERE) {
  const at = Number(ts) * 1000;
  if (!Number.isFinite(at)) return { key: "", words: "" };
  const words = pretty(
    at,
    parts(at, { weekday: "long", day: "numeric", month: "long" }, here),
    here,
  );
  return { key: dayNumber(at, here), words: words[0].toUpperCase() + words.slice(1) };
}
