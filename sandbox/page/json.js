// JSON as a tree one can open, built of text alone. Branches are drawn when they are opened.

import { h } from "./dom.js";

const OPEN_UP_TO = 12;
const DEPTH_OPEN = 2;
const ITEMS_MAX = 400;
const TEXT_MAX = 4000;

/** The element of any JSON value. */
export function json(value) {
  return h("div", { class: "json" }, branch(value, 0));
}

function branch(value, depth) {
  if (value === null || typeof value !== "object") return leaf(value);
  const isList = Array.isArray(value);
  const entries = isList ? value.map((item, at) => [at, item]) : Object.entries(value);
  if (!entries.length) return h("span", { class: "json-dim" }, isList ? "[ ]" : "{ }");
  const inside = () =>
    entries.slice(0, ITEMS_MAX).map(([key, item]) => row(key, item, isList, depth));
  if (depth === 0) return inside();
  return fold(
    isList ? `[ ${entries.length} ]` : summary(value),
    inside,
    depth < DEPTH_OPEN && entries.length <= OPEN_UP_TO,
  );
}

function fold(title, inside, isOpen) {
  const details = h("details", { open: isOpen }, h("summary", null, title));
  const draw = () => {
    if (details.childElementCount === 1) details.append(h("div", { class: "json-in" }, inside()));
  };
  details.addEventListener("toggle", () => details.open && draw());
  if (isOpen) draw();
  return details;
}

function summary(value) {
  const shown = value.type ?? value.id ?? value.action_id ?? value.ts;
  return typeof shown === "string"
    ? `{ ${shown.slice(0, 60)} }`
    : `{ ${Object.keys(value).length} }`;
}

function row(key, value, isList, depth) {
  const label = h("span", { class: isList ? "json-dim" : "json-key" }, `${key}`);
  return h("div", { class: "json-row" }, label, " ", branch(unwrapped(value), depth + 1));
}

/** Forms carry JSON as text: what reads as a list or an object is shown as one. */
function unwrapped(value) {
  if (typeof value !== "string" || !/^\s*[[{]/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

function leaf(value) {
  if (typeof value === "string") {
    const cut = value.length > TEXT_MAX;
    const shown = cut ? `${value.slice(0, TEXT_MAX)}… (${value.length} characters)` : value;
    return h("span", { class: "json-text" }, JSON.stringify(shown));
  }
  return h("span", { class: "json-value" }, String(value));
}
