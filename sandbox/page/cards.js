// The newer blocks: plans and their tasks, alerts, containers, cards. They nest the others, so
// blocks.js hands in what draws those.

import { h } from "./dom.js";
import { picture } from "./pictures.js";
import { outward, plain, prose, textObject } from "./prose.js";
import { richText } from "./rich.js";

const STATUS = { pending: "○", in_progress: "◐", complete: "●", error: "✕" };
const LEVELS = ["info", "warning", "error", "success"];

/** The drawing functions by block type. */
export function CARDS({ drawBlocks, element, words }) {
  const any = (value, scope) =>
    typeof value === "string" ? plain(value, scope.names) : textObject(value, scope.names);
  const rich = (value, scope) => (value ? prose(richText(value.elements), scope.names) : []);

  function task(spec, id, scope) {
    const status = Object.hasOwn(STATUS, spec.status) ? spec.status : "pending";
    const sources = (spec.sources ?? []).map((source) =>
      outward(source.url, { class: "source" }, words(source.text) || source.url),
    );
    return h(
      "div",
      { class: "task", data: { status } },
      h(
        "span",
        { class: "task-mark", role: "img", "aria-label": status.replace("_", " ") },
        STATUS[status],
      ),
      h(
        "div",
        { class: "task-body" },
        h("p", { class: "task-title" }, any(spec.title, scope)),
        rich(spec.details, scope),
        rich(spec.output, scope),
        sources,
      ),
    );
  }

  function plan(block, id, scope) {
    const tasks = (block.tasks ?? []).map((spec) => h("li", null, task(spec, id, scope)));
    return h(
      "div",
      { class: "plan" },
      h("p", { class: "head head-3" }, any(block.title, scope)),
      h("ol", { class: "tasks" }, tasks),
    );
  }

  function alert(block, id, scope) {
    const level = LEVELS.includes(block.level) ? block.level : "info";
    return h("div", { class: "alert", role: "note", data: { level } }, any(block.text, scope));
  }

  function container(block, id, scope) {
    const children = drawBlocks(block.child_blocks ?? block.blocks ?? block.elements, scope);
    const collapsed = block.collapsed ?? block.default_collapsed ?? false;
    return h(
      "details",
      { class: "container", open: !collapsed },
      h("summary", null, any(block.title ?? "Details", scope)),
      children,
    );
  }

  function card(block, id, scope) {
    const hero = block.hero_image && picture(block.hero_image, scope, "wide");
    const actions = (block.actions ?? []).map((spec) => element(spec, block.block_id ?? id, scope));
    return h(
      "div",
      { class: "card" },
      hero,
      block.title && h("p", { class: "head head-3" }, any(block.title, scope)),
      block.subtitle && h("p", { class: "hint" }, any(block.subtitle, scope)),
      block.body && h("div", null, any(block.body, scope)),
      actions.length ? h("div", { class: "block-actions" }, actions) : null,
    );
  }

  const carousel = (block, id, scope) =>
    h(
      "div",
      { class: "carousel", tabindex: "0" },
      (block.elements ?? block.cards ?? []).map((spec) => card(spec, id, scope)),
    );

  return { task_card: task, plan, alert, container, card, carousel };
}
