// What opens over the page for a moment: menus, and the question a button may ask before it acts.

import { fill, freshId, h } from "./dom.js";
import { textObject } from "./prose.js";

const GAP = 6;

/** A menu at a button. Items: {label, about, checked, danger, content, choose}; Esc gives back the focus. */
export function openMenu(anchor, label, items) {
  const home = anchor.closest("dialog") ?? document.body;
  const menu = h("div", { class: "menu", role: "menu", "aria-label": label, popover: "auto" });
  fill(
    menu,
    items.map((item) => menuItem(item, () => menu.hidePopover())),
  );
  menu.addEventListener("keydown", (event) => walk(event, [...menu.children]));
  menu.addEventListener("toggle", (event) => {
    if (event.newState === "open") return;
    anchor.setAttribute("aria-expanded", "false");
    if (menu.contains(document.activeElement) || document.activeElement === document.body)
      anchor.focus();
    menu.remove();
  });
  home.append(menu);
  anchor.setAttribute("aria-expanded", "true");
  menu.showPopover();
  place(menu, anchor.getBoundingClientRect());
  (menu.querySelector("[aria-checked=true]") ?? menu.firstElementChild)?.focus();
}

function menuItem(item, close) {
  const role = item.checked === undefined ? "menuitem" : "menuitemradio";
  const choose = () => {
    close();
    item.choose();
  };
  return h(
    "button",
    {
      type: "button",
      class: item.danger ? "menu-item danger" : "menu-item",
      role,
      tabindex: "-1",
      "aria-checked": item.checked === undefined ? null : String(item.checked),
      on: { click: choose },
    },
    item.content,
    h(
      "span",
      { class: "menu-words" },
      h("span", null, item.label),
      item.about ? h("small", null, item.about) : null,
    ),
  );
}

/** Arrow keys, Home and End among the elements; true if the key was one of them. */
export function walk(event, nodes) {
  const at = nodes.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: nodes.length - 1 }[event.key];
  if (to === undefined || !nodes.length) return false;
  event.preventDefault();
  nodes[(to + nodes.length) % nodes.length].focus();
  return true;
}

function place(menu, anchor) {
  const { width, height } = menu.getBoundingClientRect();
  const below = anchor.bottom + GAP + height < innerHeight || anchor.top < height + GAP;
  const top = below ? anchor.bottom + GAP : anchor.top - GAP - height;
  menu.style.left = `${Math.max(GAP, Math.min(anchor.left, innerWidth - width - GAP))}px`;
  menu.style.top = `${Math.max(GAP, Math.min(top, innerHeight - height - GAP))}px`;
}

/** Asks what a `confirm` object asks; true only if the person said yes. */
export function confirmed(question, names) {
  const title = freshId("confirm");
  const style = question.style === "danger" ? "danger" : "primary";
  const deny = h(
    "button",
    { type: "button", class: "button" },
    words(question.deny, "Cancel", names),
  );
  const yes = h(
    "button",
    { type: "button", class: `button ${style}` },
    words(question.confirm, "Yes", names),
  );
  const dialog = h(
    "dialog",
    { class: "confirm", "aria-labelledby": title, role: "alertdialog" },
    h("h2", { id: title }, words(question.title, "Are you sure?", names)),
    h("div", { class: "confirm-text" }, textObject(question.text, names)),
    h("div", { class: "dialog-foot" }, deny, yes),
  );
  const back = document.activeElement;
  document.body.append(dialog);
  dialog.showModal();
  deny.focus(); // The harmless answer is the one under the Enter key.
  return new Promise((resolve) => {
    let answer = false;
    deny.addEventListener("click", () => dialog.close());
    yes.addEventListener("click", () => {
      answer = true;
      dialog.close();
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      back?.focus?.();
      resolve(answer);
    });
  });
}

function words(object, otherwise, names) {
  return object?.text ? textObject({ ...object, type: "plain_text" }, names) : otherwise;
}
