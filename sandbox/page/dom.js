// Makes elements. What comes from the server enters as text, never as markup: nothing on this page
// reads HTML, and attributes that could run code are refused here, in the one place that sets any.

const PROPERTIES = new Set(["value", "checked", "disabled", "selected", "hidden", "open"]);
const REFUSED = /^(on|style$|srcdoc$|formaction$)/i;
const SVG = "http://www.w3.org/2000/svg";

/** An element: `on` are listeners, `data` the dataset, the rest attributes; children are text or nodes. */
export function h(tag, props, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    assign(node, name, value);
  }
  return fill(node, children);
}

function assign(node, name, value) {
  if (value === undefined || value === null) return;
  if (name === "on") {
    for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
  } else if (name === "data") {
    for (const [key, item] of Object.entries(value)) node.dataset[key] = String(item);
  } else if (PROPERTIES.has(name)) {
    node[name] = value;
  } else if (REFUSED.test(name)) {
    throw new Error(`the attribute ${name} is never set`);
  } else if (value !== false) {
    node.setAttribute(name, value === true ? "" : String(value));
  }
}

/** Appends children: strings become text, lists are flattened, null and false are left out. */
export function fill(node, ...children) {
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined && child !== false) {
      node.append(child);
    }
  }
  return node;
}

/** The element with this id, which index.html has. */
export function byId(id) {
  return document.getElementById(id);
}

const ICONS = {
  close: "M4 4l8 8M12 4l-8 8",
  menu: "M2.5 4.5h11M2.5 8h11M2.5 11.5h11",
  send: "M2.5 8h10M8.5 3.5 13 8l-4.5 4.5",
  reply: "M3 3.5h10v7H8l-3 2.5v-2.5H3z",
  eye: "M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8zM8 6.2a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6z",
  more: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  down: "M4 6.5 8 10.5l4-4",
  right: "M6.5 4l4 4-4 4",
  bolt: "M9 1.5 3.5 9H8l-1 5.5L12.5 7H8z",
  warn: "M8 2 14.5 13.5h-13zM8 6.5v3M8 11.6v.01",
  lock: "M4 7.5h8v6H4zM5.5 7.5v-2a2.5 2.5 0 0 1 5 0v2",
  file: "M4 1.5h5.5L13 5v9.5H4zM9.5 1.5V5H13",
  list: "M2.5 4h2M2.5 8h2M2.5 12h2M7 4h6.5M7 8h6.5M7 12h6.5",
  shared:
    "M6.5 9.5 9.5 6.5M7 4.5 9 2.6a3 3 0 0 1 4.3 4.3L11.5 9M9 11.5 7 13.4a3 3 0 0 1-4.3-4.3L4.5 7",
};

/** One of this page's own line drawings, hidden from readers: the control says its name itself. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", `icon icon-${name}`);
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** A button that shows only a drawing. */
export function iconButton(name, label, click, props) {
  return h(
    "button",
    {
      type: "button",
      class: "icon-button",
      "aria-label": label,
      title: label,
      on: { click },
      ...props,
    },
    icon(name),
  );
}

let counter = 0;

/** An id that no other element of the page has. */
export function freshId(stem) {
  counter += 1;
  return `${stem}-${counter}`;
}

/** The initials of a person or an app on their colour. */
export function avatar(person, size = "") {
  return h(
    "span",
    {
      class: `avatar ${size}`,
      data: { color: Number(person.color) % 10 || 0, kind: person.kind ?? "member" },
      "aria-hidden": "true",
    },
    String(person.initials ?? "?").slice(0, 3),
  );
}

/** Whether focusing a field is welcome: on a touch screen it would raise a keyboard over the page. */
export function hasKeyboard() {
  return matchMedia("(pointer: fine)").matches;
}

/** Tells a screen reader something that the eye sees anyway. */
export function announce(text) {
  const place = byId("said");
  place.append(h("p", null, text.slice(0, 400)));
  while (place.childElementCount > 4) place.firstElementChild.remove();
}
