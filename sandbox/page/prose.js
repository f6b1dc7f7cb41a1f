// Tokens of mrkdwn.js, markdown.js and rich.js -> elements. Text is only ever set as text.

import { h } from "./dom.js";
import { emoji, emojiFromCode } from "./emoji.js";
import { parse, unescape, webAddress } from "./mrkdwn.js";
import { formatDate, moment } from "./time.js";

const WRAPS = { bold: "strong", italic: "em", strike: "s", underline: "u" };

/** The elements of a list of tokens; `names` knows people and channels and who reads. */
export function prose(tokens, names) {
  return tokens.map((token) => (DRAW[token.kind] ?? unknown)(token, names));
}

/** The elements of a text in mrkdwn. */
export function mrkdwn(text, names, verbatim = false) {
  return prose(parse(text, verbatim), names);
}

/** A plain text: only emoji names and line ends mean anything. */
export function plain(text, names) {
  const tokens = [];
  for (const [number, line] of String(text ?? "")
    .split("\n")
    .entries()) {
    if (number) tokens.push({ kind: "break" });
    for (const [at, piece] of line.split(/:([a-z0-9_+'-]{1,60}):/).entries()) {
      if (at % 2) tokens.push({ kind: "emoji", name: piece });
      else if (piece) tokens.push({ kind: "text", text: piece });
    }
  }
  return prose(tokens, names);
}

/** Either, as a text object of Block Kit says. */
export function textObject(object, names) {
  if (!object) return [];
  return object.type === "mrkdwn"
    ? mrkdwn(object.text, names, object.verbatim)
    : plain(object.text, names);
}

/** What a text says, in one line of plain words: for labels and for screen readers. */
export function flat(text, names) {
  const bare = String(text ?? "").replace(/<([^<>]*)>/g, (whole, inner) => {
    const [target, label] = inner.split("|");
    if (label) return label;
    if (target.startsWith("@")) return `@${names.person(target.slice(1))?.name ?? target.slice(1)}`;
    if (target.startsWith("#"))
      return `#${names.channel(target.slice(1))?.name ?? target.slice(1)}`;
    return target.replace(/^!/, "@");
  });
  return unescape(bare)
    .replace(/[*~`]+|(?<![\p{L}\p{N}])_+|_+(?![\p{L}\p{N}])/gu, "") // Not within a word.
    .replace(/\s+/g, " ")
    .trim();
}

/** A link that leaves: a new tab that learns nothing of this one. */
export function outward(url, props, ...children) {
  const href = webAddress(url);
  if (!href) return h("span", props, ...children);
  const attributes = { href, target: "_blank", rel: "noopener noreferrer nofollow", ...props };
  return h("a", attributes, ...children);
}

function wrap(token, names) {
  return h(WRAPS[token.kind], null, prose(token.children, names));
}

function user(token, names) {
  const person = names.person(token.id);
  const shown = person?.name ?? (token.label || token.id);
  const mine = token.id === names.me();
  const title = person ? [person.real_name, person.title].filter(Boolean).join(", ") : token.id;
  return h("span", { class: mine ? "mention mine" : "mention", title }, `@${shown}`);
}

function channel(token, names) {
  const found = names.channel(token.id);
  const shown = `#${found?.name ?? (token.label || "private-channel")}`;
  if (!found || !names.go) return h("span", { class: "mention" }, shown);
  const click = () => names.go(token.id);
  return h("button", { type: "button", class: "mention link-like", on: { click } }, shown);
}

function date(token) {
  const shown = formatDate(token.ts, token.format) ?? token.fallback;
  const body = moment(token.ts, shown || token.fallback, { class: "date" });
  return token.url ? outward(token.url, null, body) : body;
}

function named(token) {
  const found = emojiFromCode(token.unicode) ?? emoji(token.name);
  if (!found) return `:${token.name}:`;
  return h(
    "span",
    { class: "emoji", role: "img", "aria-label": token.name.replaceAll("_", " ") },
    found,
  );
}

function list(token, names) {
  const items = token.items.map((item) => h("li", null, prose(item, names)));
  const indent = Math.min(Math.max(Number(token.indent) || 0, 0), 8);
  const start = token.ordered && Number.isInteger(token.start) ? token.start : null;
  return h(token.ordered ? "ol" : "ul", { start, data: { indent } }, items);
}

function heading(token, names) {
  const level = Math.min(Math.max(token.level, 1), 4);
  return h(
    "p",
    { class: `heading heading-${level}`, role: "heading", "aria-level": level + 1 },
    prose(token.children, names),
  );
}

function grid(token, names) {
  const cell = (tag) => (tokens, column) =>
    h(tag, { data: { align: token.align?.[column] ?? "left" } }, prose(tokens, names));
  const row = (tag) => (cells) => h("tr", null, cells.map(cell(tag)));
  return h(
    "div",
    { class: "table-frame", tabindex: "0", role: "group", "aria-label": "Table" },
    h(
      "table",
      null,
      h("thead", null, row("th")(token.head)),
      h("tbody", null, token.rows.map(row("td"))),
    ),
  );
}

function swatch(token) {
  const mark = h("span", { class: "swatch", "aria-hidden": "true" });
  if (/^#[0-9a-f]{6}$/i.test(token.value)) mark.style.backgroundColor = token.value;
  return h("span", null, mark, token.value);
}

function unknown(token) {
  return h("span", { class: "unknown" }, `[${token.kind}]`);
}

const DRAW = {
  text: (token) => token.text,
  break: () => h("br"),
  lines: (token, names) => h("div", { class: "lines", dir: "auto" }, prose(token.children, names)),
  quote: (token, names) => h("blockquote", null, prose(token.children, names)),
  pre: (token) => h("pre", { tabindex: "0" }, h("code", null, token.text)),
  code: (token) => h("code", null, token.text),
  bold: wrap,
  italic: wrap,
  strike: wrap,
  underline: wrap,
  link: (token, names) => outward(token.url, null, prose(token.children, names)),
  user,
  channel,
  date,
  list,
  heading,
  grid,
  emoji: named,
  group: (token) => h("span", { class: "mention" }, token.label || `@${token.id}`),
  broadcast: (token) => h("span", { class: "mention mine" }, `@${token.range}`),
  rule: () => h("hr"),
  color: swatch,
};
