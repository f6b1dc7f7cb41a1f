// The `markdown` block's standard Markdown, as far as apps use it -> the tokens of mrkdwn.js.

import { webAddress } from "./mrkdwn.js";

const FENCE = /^\s{0,3}(```+|~~~+)\s*\S*\s*$/;
const RULE = /^\s{0,3}([-*_])(\s*\1){2,}\s*$/;
const HEADING = /^\s{0,3}(#{1,6})\s+(.*?)\s*#*\s*$/;
const ITEM = /^(\s*)([-*+]|\d{1,9}[.)])\s+(.*)$/;
const QUOTE = /^\s{0,3}>\s?(.*)$/;
const ALIGN = /^\s*:?-+:?\s*$/;
const NESTED_MAX = 8;

/** The tokens of a Markdown text. */
export function markdown(text, depth = 0) {
  const lines = String(text ?? "")
    .replace(/\r\n?/g, "\n")
    .split("\n");
  const tokens = [];
  let at = 0;
  while (at < lines.length) {
    const [token, used] = block(lines, at, depth);
    if (token) tokens.push(token);
    at += used;
  }
  return tokens;
}

function block(lines, at, depth) {
  const line = lines[at];
  if (!line.trim()) return [null, 1];
  if (FENCE.test(line)) return fence(lines, at);
  if (RULE.test(line)) return [{ kind: "rule" }, 1];
  const heading = HEADING.exec(line);
  if (heading) {
    return [{ kind: "heading", level: heading[1].length, children: inline(heading[2]) }, 1];
  }
  if (QUOTE.test(line) && depth < NESTED_MAX) return quote(lines, at, depth);
  if (ITEM.test(line)) return list(lines, at);
  if (line.includes("|") && isTable(lines, at)) return table(lines, at);
  return paragraph(lines, at);
}

function fence(lines, at) {
  const mark = FENCE.exec(lines[at])[1];
  let end = at + 1;
  while (end < lines.length && lines[end].trim() !== mark) end += 1;
  return [{ kind: "pre", text: lines.slice(at + 1, end).join("\n") }, end + 1 - at];
}

function quote(lines, at, depth) {
  let end = at;
  while (end < lines.length && QUOTE.test(lines[end])) end += 1;
  const inner = lines.slice(at, end).map((line) => QUOTE.exec(line)[1]);
  return [{ kind: "quote", children: markdown(inner.join("\n"), depth + 1) }, end - at];
}

/** One list of one kind and depth; deeper items follow as lists of their own, indented. */
function list(lines, at) {
  const [, space, mark] = ITEM.exec(lines[at]);
  const ordered = /\d/.test(mark);
  const items = [];
  let end = at;
  for (; end < lines.length; end += 1) {
    const item = ITEM.exec(lines[end]);
    if (!item || item[1].length !== space.length || /\d/.test(item[2]) !== ordered) break;
    items.push(inline(item[3]));
  }
  const indent = Math.floor(space.length / 2);
  return [
    { kind: "list", ordered, indent, start: Number.parseInt(mark, 10) || 1, items },
    end - at,
  ];
}

function cells(line) {
  return line
    .trim()
    .replace(/^\||\|$/g, "")
    .split("|")
    .map((cell) => cell.trim());
}

function isTable(lines, at) {
  const under = lines[at + 1];
  return (
    under !== undefined && under.includes("-") && cells(under).every((cell) => ALIGN.test(cell))
  );
}

function table(lines, at) {
  const align = cells(lines[at + 1]).map((cell) => {
    if (cell.startsWith(":") && cell.endsWith(":")) return "center";
    return cell.endsWith(":") ? "right" : "left";
  });
  let end = at + 2;
  while (end < lines.length && lines[end].includes("|")) end += 1;
  const rows = lines.slice(at + 2, end).map((line) => cells(line).map(inline));
  return [{ kind: "grid", align, head: cells(lines[at]).map(inline), rows }, end - at];
}

function paragraph(lines, at) {
  const starts = [FENCE, RULE, HEADING, QUOTE, ITEM];
  let end = at + 1;
  while (
    end < lines.length &&
    lines[end].trim() &&
    !starts.some((start) => start.test(lines[end]))
  ) {
    end += 1;
  }
  return [{ kind: "lines", children: inline(lines.slice(at, end).join("\n")) }, end - at];
}

// Each alternative ends where it must within its line, so that a match costs that line at most once.
const SPANS = [
  ["code", /^`([^`\n]+)`/],
  ["link", /^!?\[([^[\]\n]{1,1000})\]\(([^()\s]{1,3000})\)/],
  ["bold", /^\*\*(?=\S)([^*\n]{1,3000}?\S|\S)\*\*/],
  ["bold", /^__(?=\S)([^_\n]{1,3000}?\S|\S)__/],
  ["strike", /^~~(?=\S)([^~\n]{1,3000}?\S|\S)~~/],
  ["italic", /^\*(?=\S)([^*\n]{1,3000}?[^*\s]|[^*\s])\*/],
  ["italic", /^_(?=\S)([^_\n]{1,3000}?[^_\s]|[^_\s])_(?!\w)/],
];
const STARTS = /[`![*_~\n\\]|https?:/;

function inline(text, depth = 0) {
  const tokens = [];
  let rest = text;
  while (rest) {
    const at = rest.search(STARTS);
    if (at !== 0) {
      const end = at < 0 ? rest.length : at;
      tokens.push({ kind: "text", text: rest.slice(0, end) });
      rest = rest.slice(end);
      continue;
    }
    const [token, used] = span(rest, depth);
    tokens.push(token);
    rest = rest.slice(used);
  }
  return tokens;
}

function span(text, depth) {
  if (text[0] === "\n") return [{ kind: "break" }, 1];
  if (text[0] === "\\" && /[!-/:-@[-`{-~]/.test(text[1] ?? ""))
    return [{ kind: "text", text: text[1] }, 2];
  const bare = /^https?:\/\/[^\s<>()]+[^\s<>().,;:!?'"*_~`]/.exec(text);
  if (bare) return [link(bare[0], bare[0]), bare[0].length];
  for (const [kind, pattern] of SPANS) {
    const found = depth < NESTED_MAX ? pattern.exec(text) : null;
    if (!found) continue;
    if (kind === "code") return [{ kind, text: found[1] }, found[0].length];
    if (kind === "link") return [link(found[2], found[1]), found[0].length];
    return [{ kind, children: inline(found[1], depth + 1) }, found[0].length];
  }
  return [{ kind: "text", text: text[0] }, 1];
}

function link(address, label) {
  const text = { kind: "text", text: label };
  const url = webAddress(address);
  return url ? { kind: "link", url, children: [text] } : text;
}
