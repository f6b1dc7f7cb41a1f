// Block Kit's elements that hold a value: text, dates and, from choices.js, choices. Each writes its
// state into `scope.form`, and says so when its block dispatches its actions.

import { checkboxes, multi, radios, select } from "./choices.js";
import { h } from "./dom.js";
import { Cell } from "./form.js";

export function isInput(type) {
  return Object.hasOwn(DRAW, type);
}

/** Draws an element that holds a value; `options.id` is what its label points at. */
export function inputElement(spec, blockId, scope, options) {
  return DRAW[spec.type](spec, new Cell(spec, blockId, scope, options));
}

function textInput(tag, props = {}) {
  return (spec, cell) => {
    const state = cell.begin("value", spec.initial_value ?? null);
    const each = spec.dispatch_action_config?.trigger_actions_on ?? ["on_enter_pressed"];
    const input = (event) =>
      cell.put(event.target.value || null, {
        dispatch: cell.options.dispatch && each.includes("on_character_entered"),
      });
    const keydown = (event) => {
      if (!cell.options.dispatch || event.key !== "Enter" || !each.includes("on_enter_pressed"))
        return;
      event.preventDefault();
      cell.put(event.target.value || null);
    };
    const multiline = tag === "textarea" || spec.multiline;
    cell.node = h(
      multiline ? "textarea" : "input",
      cell.props({
        ...(multiline ? { rows: "4" } : { type: "text", ...props }),
        class: "field",
        dir: "auto",
        autocomplete: "off",
        placeholder: spec.placeholder?.text,
        maxlength: spec.max_length,
        value: state.value ?? "",
        on: { input, keydown },
      }),
    );
    return cell.node;
  };
}

function number(spec, cell) {
  const props = { type: "number", inputmode: "decimal", min: spec.min_value, max: spec.max_value };
  return textInput("input", { ...props, step: spec.is_decimal_allowed ? "any" : "1" })(spec, cell);
}

function moment(type, field, toText, toValue) {
  return (spec, cell) => {
    const state = cell.begin(field, spec[`initial_${field.replace("selected_", "")}`] ?? null);
    const change = (event) => cell.put(toValue(event.target.value));
    cell.node = h(
      "input",
      cell.props({ type, class: "field", value: toText(state[field]), on: { change } }),
    );
    return cell.node;
  };
}

function localText(epoch) {
  if (!epoch) return "";
  const at = new Date(epoch * 1000);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

const DRAW = {
  plain_text_input: textInput("input"),
  email_text_input: textInput("input", { type: "email" }),
  url_text_input: textInput("input", { type: "url" }),
  number_input: number,
  checkboxes,
  radio_buttons: radios,
  datepicker: moment(
    "date",
    "selected_date",
    (date) => date ?? "",
    (text) => text || null,
  ),
  timepicker: moment(
    "time",
    "selected_time",
    (time) => time ?? "",
    (text) => text || null,
  ),
  datetimepicker: moment("datetime-local", "selected_date_time", localText, (text) =>
    text ? Math.floor(new Date(text).getTime() / 1000) : null,
  ),
  static_select: select,
  users_select: select,
  channels_select: select,
  conversations_select: select,
  multi_static_select: multi,
  multi_users_select: multi,
  multi_channels_select: multi,
  multi_conversations_select: multi,
};
