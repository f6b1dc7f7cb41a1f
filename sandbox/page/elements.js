// Block Kit's elements that one presses: buttons, overflow menus and links. What one fills in is in
// inputs.js. An element says what happened in the very object that Slack would send.

import { h, icon } from "./dom.js";
import { webAddress } from "./mrkdwn.js";
import { confirmed, openMenu } from "./popup.js";
import { inputElement, isInput } from "./inputs.js";
import { picture } from "./pictures.js";
import { flat, plain } from "./prose.js";

/** Draws one element of a block; `scope.act(node, blockId, actionId, action)` sends. */
export function element(spec, blockId, scope, options = {}) {
  if (isInput(spec.type)) return inputElement(spec, blockId, scope, { dispatch: true, ...options });
  return (DRAW[spec.type] ?? unknown)(spec, blockId, scope);
}

function target(spec, blockId) {
  return { block: blockId, action: spec.action_id ?? "" };
}

/** Asks first if the element wants that; then `send`. */
export async function asked(spec, scope, send, withdraw = () => {}) {
  if (spec.confirm && !(await confirmed(spec.confirm, scope.names))) withdraw();
  else send();
}

function button(spec, blockId, scope) {
  const text = spec.text ?? { type: "plain_text", text: "" };
  const style = ["primary", "danger"].includes(spec.style) ? spec.style : "";
  const action = { type: spec.type, text };
  if (spec.value !== undefined) action.value = spec.value;
  if (spec.style) action.style = spec.style;
  const press = (event) => {
    const node = event.currentTarget;
    if (node.getAttribute("aria-busy") === "true") return;
    asked(spec, scope, () => scope.act(node, blockId, spec.action_id ?? "", action));
  };
  const href = spec.url ? webAddress(spec.url) : null;
  const props = {
    class: `button ${style}`,
    data: target(spec, blockId),
    on: { click: press },
    "aria-label": spec.accessibility_label,
  };
  if (href) {
    const away = { href, target: "_blank", rel: "noopener noreferrer" };
    return h("a", { ...props, ...away }, plain(text.text, scope.names));
  }
  return h("button", { type: "button", ...props }, plain(text.text, scope.names));
}

function overflow(spec, blockId, scope) {
  const choose = (node, option) => {
    if (option.url && webAddress(option.url))
      open(webAddress(option.url), "_blank", "noopener,noreferrer");
    const action = { type: "overflow", selected_option: option };
    asked(spec, scope, () => scope.act(node, blockId, spec.action_id ?? "", action));
  };
  const click = (event) => {
    const node = event.currentTarget;
    openMenu(
      node,
      "More actions",
      (spec.options ?? []).map((option) => ({
        label: plain(option.text?.text, scope.names),
        about: option.description?.text,
        choose: () => choose(node, option),
      })),
    );
  };
  return h(
    "button",
    {
      type: "button",
      class: "button overflow",
      "aria-haspopup": "menu",
      "aria-expanded": "false",
      "aria-label": "More actions",
      title: "More actions",
      data: target(spec, blockId),
      on: { click },
    },
    icon("more"),
  );
}

function feedback(spec, blockId, scope) {
  const press = (side) => (event) =>
    scope.act(event.currentTarget, blockId, spec.action_id ?? "", { type: spec.type, ...side });
  const sides = [spec.positive_button, spec.negative_button].filter(Boolean);
  return h(
    "span",
    { class: "feedback" },
    sides.map((side) =>
      h(
        "button",
        { type: "button", class: "button", on: { click: press(side) } },
        flat(side.text?.text, scope.names),
      ),
    ),
  );
}

function iconOnly(spec, blockId, scope) {
  return button(
    { ...spec, text: spec.text ?? { type: "plain_text", text: spec.icon ?? "•" } },
    blockId,
    scope,
  );
}

function unknown(spec) {
  return h("span", { class: "unknown" }, `[an element “${spec.type}”, which this page can't draw]`);
}

const DRAW = {
  button,
  workflow_button: button,
  overflow,
  feedback_buttons: feedback,
  icon_button: iconOnly,
  image: (spec, blockId, scope) => picture(spec, scope, "thumb"),
};
