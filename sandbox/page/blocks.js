// Block Kit -> elements: one function a block. A block that this page can't draw says so and shows
// its JSON; nothing that the server sends can stop the rest of a message from being drawn.

import { CARDS } from "./cards.js";
import { freshId, h } from "./dom.js";
import { asked, element } from "./elements.js";
import { inputElement, isInput } from "./inputs.js";
import { json } from "./json.js";
import { markdown } from "./markdown.js";
import { picture } from "./pictures.js";
import { outward, plain, prose, textObject } from "./prose.js";
import { richText } from "./rich.js";

/** The elements of a list of blocks. `scope`: names, files, form, act(node, block, action, what), errors. */
export function drawBlocks(blocks, scope) {
  return (Array.isArray(blocks) ? blocks : []).map((block, at) => drawBlock(block, at, scope));
}

/** The element of one block; `at` stands in for a block_id that it lacks. */
export function drawBlock(block, at, scope) {
  const id = block?.block_id ?? String(at);
  const frame = h("div", { class: `block block-${name(block?.type)}`, data: { block: id } });
  try {
    frame.append(...[(DRAW[block.type] ?? unknown)(block, id, scope)].flat());
  } catch (error) {
    frame.replaceChildren(unknown(block, id, scope));
    console.warn("a block could not be drawn", error);
  }
  return frame;
}

/**
 * Makes the children of `place` those of the blocks. A block that is as it was keeps its elements,
 * and with them the focus, open menus and what was typed; a focused one that changed gets it back.
 */
export function redrawBlocks(place, blocks, scope) {
  const before = new Map([...place.children].map((node) => [node.dataset.block, node]));
  const focus = place.contains(document.activeElement) ? document.activeElement : null;
  const at = { ...focus?.dataset };
  const nodes = (blocks ?? []).map((block, number) => {
    const shape = `${scope.names.me()} ${JSON.stringify(block)}`; // One's own name is marked.
    const kept = before.get(block?.block_id ?? String(number));
    if (kept?.shape === shape) return kept;
    const node = drawBlock(block, number, scope);
    node.shape = shape;
    return node;
  });
  reconcile(place, nodes);
  if (focus && !focus.isConnected) refocus(place, at);
}

/** Puts the nodes in order, moving only what isn't in its place: a moved node would lose its focus. */
export function reconcile(place, nodes) {
  const wanted = new Set(nodes);
  for (const node of [...place.childNodes]) if (!wanted.has(node)) node.remove();
  nodes.forEach((node, at) => {
    if (place.childNodes[at] !== node) place.insertBefore(node, place.childNodes[at] ?? null);
  });
}

function refocus(place, { block, action }) {
  const same =
    [...place.querySelectorAll("[data-action]")].find(
      (node) => node.dataset.action === action && node.dataset.block === block,
    ) ??
    [...place.querySelectorAll("[data-action]")].find((node) => node.dataset.action === action);
  (same ?? place.closest("[tabindex]"))?.focus({ preventScroll: true });
}

function name(type) {
  return /^[a-z_]{1,40}$/.test(type ?? "") ? type : "unknown";
}

function unknown(block) {
  const title = `This page can't draw a block of the type “${block?.type}”`;
  return h("details", { class: "unknown-block" }, h("summary", null, title), json(block));
}

function section(block, id, scope) {
  const text = block.text && h("div", { class: "text" }, textObject(block.text, scope.names));
  const fields =
    block.fields &&
    h(
      "div",
      { class: "fields" },
      block.fields.map((field) =>
        h("div", { class: "field-text" }, textObject(field, scope.names)),
      ),
    );
  const body = h("div", { class: "section-body" }, text, fields);
  if (!block.accessory) return body;
  return [body, h("div", { class: "accessory" }, element(block.accessory, id, scope))];
}

function header(block, id, scope) {
  const level = Math.min(Math.max(Number(block.level) || 1, 1), 4);
  return h(
    "p",
    { class: `head head-${level}`, role: "heading", "aria-level": level + 1 },
    plain(block.text?.text, scope.names),
  );
}

function context(block, id, scope) {
  return (block.elements ?? []).map((part) =>
    part.type === "image"
      ? picture(part, scope, "tiny")
      : h("span", { class: "context-text" }, textObject(part, scope.names)),
  );
}

function actions(block, id, scope) {
  return (block.elements ?? []).map((part) => element(part, id, scope));
}

function image(block, id, scope) {
  const title =
    block.title && h("p", { class: "image-title" }, textObject(block.title, scope.names));
  return [title, picture(block, scope, "wide")].filter(Boolean);
}

function input(block, id, scope) {
  const spec = block.element ?? {};
  if (!isInput(spec.type)) return unknown(block);
  const control = freshId("input");
  const error = scope.errors?.[id];
  const label = [
    plain(block.label?.text, scope.names),
    block.optional ? h("span", { class: "optional" }, " (optional)") : null,
  ];
  const group = /checkboxes|radio|multi/.test(spec.type);
  const described = [block.hint && `${control}-hint`, error && `${control}-error`].filter(Boolean);
  const drawn = inputElement(spec, id, scope, {
    dispatch: Boolean(block.dispatch_action),
    id: control,
    describedBy: described.join(" ") || null,
  });
  const field = group ? (drawn.querySelector?.(".ticks") ?? drawn) : drawn;
  if (group) field.setAttribute("aria-labelledby", `${control}-label`);
  if (error) field.setAttribute("aria-invalid", "true");
  if (!block.optional) field.setAttribute("aria-required", "true");
  return [
    h(
      group ? "span" : "label",
      { class: "label", for: group ? null : control, id: `${control}-label` },
      label,
    ),
    drawn,
    block.hint &&
      h("p", { class: "hint", id: `${control}-hint` }, plain(block.hint.text, scope.names)),
    error && h("p", { class: "error", id: `${control}-error` }, plain(error, scope.names)),
  ].filter(Boolean);
}

function table(block, id, scope) {
  const rows = (block.rows ?? []).map((row) => (row ?? []).map(cell));
  const align = (block.column_settings ?? []).map((column) => column?.align ?? "left");
  const caption = block.caption
    ? h("p", { class: "image-title" }, plain(words(block.caption), scope.names))
    : null;
  const drawn = prose(
    [{ kind: "grid", align, head: rows[0] ?? [], rows: rows.slice(1) }],
    scope.names,
  );
  return [caption, ...drawn].filter(Boolean);
}

function cell(spec) {
  if (spec?.type === "rich_text") return richText(spec.elements);
  return [{ kind: "text", text: String(spec?.text ?? spec?.value ?? "") }];
}

function words(value) {
  return typeof value === "string" ? value : (value?.text ?? "");
}

function file(block, id, scope) {
  return h("p", { class: "missing" }, plain(block.external_id ?? "file", scope.names));
}

function video(block, id, scope) {
  return outward(
    block.video_url ?? block.title_url,
    { class: "missing" },
    plain(words(block.title), scope.names),
  );
}

const DRAW = {
  section,
  header,
  context,
  actions,
  image,
  input,
  table,
  file,
  video,
  data_table: table,
  context_actions: actions,
  divider: () => h("hr"),
  rich_text: (block, id, scope) => prose(richText(block.elements), scope.names),
  markdown: (block, id, scope) => prose(markdown(block.text), scope.names),
  ...CARDS({ drawBlocks, element, asked, words }),
};
