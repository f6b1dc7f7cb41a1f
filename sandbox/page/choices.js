// Block Kit's elements that offer choices: menus, boxes to tick, radio buttons, of options or of the
// workspace's people and channels.

import { fill, freshId, h } from "./dom.js";
import { plain, textObject } from "./prose.js";

/** The options of any select: its own, or the workspace's people and channels. */
function choices(spec, cell) {
  const { names } = cell.scope;
  const named = (entry, mark) => ({
    text: { type: "plain_text", text: `${mark}${entry.name}` },
    value: entry.id,
  });
  if (spec.type.includes("users")) return names.people().map((person) => named(person, "@"));
  if (/channels|conversations/.test(spec.type))
    return names.channels().map((entry) => named(entry, "#"));
  return (spec.option_groups ?? [])
    .flatMap((group) => group.options ?? [])
    .concat(spec.options ?? []);
}

/** What a select's state holds: whole options, or the ids of people and channels. */
function kindOf(type) {
  const own = /(user|channel|conversation)s/.exec(type)?.[1] ?? "option";
  return { own, pack: (option) => (own === "option" ? option : option.value) };
}

export function select(spec, cell) {
  const { own, pack } = kindOf(spec.type);
  const options = choices(spec, cell);
  const field = `selected_${own}`;
  const state = cell.begin(field, spec[`initial_${own}`] ?? null);
  const chosen = state[field]?.value ?? state[field];
  const option = (item) =>
    h("option", { value: item.value, selected: item.value === chosen }, item.text?.text);
  const groups = (spec.option_groups ?? []).map((group) =>
    h("optgroup", { label: group.label?.text }, (group.options ?? []).map(option)),
  );
  const none = h(
    "option",
    { value: "", selected: !chosen },
    spec.placeholder?.text ?? "Select an option",
  );
  let before = chosen ?? "";
  const change = async (event) => {
    const found = options.find((item) => item.value === event.target.value);
    if (await cell.put(found ? pack(found) : null)) before = event.target.value;
    else cell.node.value = before;
  };
  cell.node = h(
    "select",
    cell.props({ class: "field select", on: { change } }),
    none,
    groups.length ? groups : options.map(option),
  );
  cell.node.value = chosen ?? "";
  return cell.node;
}

function ticks(spec, cell, { many, field, initial, pack }) {
  const state = cell.begin(field, initial);
  const isChosen = (item) =>
    [state[field]].flat().some((one) => (one?.value ?? one) === item.value);
  const name = freshId("choice");
  const options = choices(spec, cell);
  const set = h(
    "div",
    cell.props({ class: "ticks", role: many ? "group" : "radiogroup", tabindex: "-1" }),
  );
  const change = async (event) => {
    const on = options.filter((item, at) => boxes[at].checked).map(pack);
    if (!(await cell.put(many ? on : (on[0] ?? null))))
      event.target.checked = !event.target.checked;
  };
  const boxes = options.map((item) =>
    h("input", {
      type: many ? "checkbox" : "radio",
      name,
      value: item.value,
      checked: isChosen(item),
      on: { change },
    }),
  );
  fill(
    set,
    options.map((item, at) =>
      h(
        "label",
        { class: "tick" },
        boxes[at],
        h(
          "span",
          null,
          textObject(item.text, cell.scope.names),
          item.description
            ? h("small", null, textObject(item.description, cell.scope.names))
            : null,
        ),
      ),
    ),
  );
  cell.node = set;
  return set;
}

export function checkboxes(spec, cell) {
  const initial = spec.initial_options ?? [];
  return ticks(spec, cell, {
    many: true,
    field: "selected_options",
    initial,
    pack: (item) => item,
  });
}

export function radios(spec, cell) {
  const initial = spec.initial_option ?? null;
  return ticks(spec, cell, {
    many: false,
    field: "selected_option",
    initial,
    pack: (item) => item,
  });
}

export function multi(spec, cell) {
  const { own, pack } = kindOf(spec.type);
  const field = `selected_${own}s`;
  const count = h("span", null, spec.placeholder?.text ?? "Choose");
  const set = ticks(spec, cell, {
    many: true,
    field,
    initial: spec[`initial_${own}s`] ?? [],
    pack,
  });
  const say = () => {
    const chosen = [...set.querySelectorAll("input:checked")].length;
    count.replaceChildren(
      ...plain(
        chosen ? `${chosen} chosen` : (spec.placeholder?.text ?? "Choose"),
        cell.scope.names,
      ),
    );
  };
  set.addEventListener("change", say);
  say();
  return h("details", { class: "multi" }, h("summary", { class: "field select" }, count), set);
}
