// Moving about: the left bar on a phone, and F6 from region to region.

import { byId } from "./dom.js";

/** The bar as a drawer on narrow windows; answers a function that puts it away. */
export function narrowBar() {
  const body = document.body;
  const button = byId("menu");
  const set = (isOpen) => {
    body.classList.toggle("bar-open", isOpen);
    button.setAttribute("aria-expanded", String(isOpen));
  };
  const away = () => set(false);
  button.addEventListener("click", () => {
    set(!body.classList.contains("bar-open"));
    byId("bar").querySelector("[aria-current]")?.focus();
  });
  byId("shade").addEventListener("click", away);
  byId("bar").addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !body.classList.contains("bar-open")) return;
    away();
    button.focus();
  });
  return away;
}

/** F6 goes on to the next region, Shift+F6 back. */
export function regions() {
  const places = [
    () => byId("bar").querySelector("[aria-current]"),
    () => byId("log"),
    () => byId("say"),
    () => (byId("thread").hidden ? null : byId("thread").querySelector("textarea")),
    () => (byId("drawer").hidden ? null : byId("drawer").querySelector("input")),
  ];
  const homes = ["bar", "log", "foot", "thread", "drawer"];
  document.addEventListener("keydown", (event) => {
    if (event.key !== "F6" || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    const at = homes.findIndex((id) => byId(id).contains(document.activeElement));
    const step = event.shiftKey ? -1 : 1;
    for (let tries = 1; tries <= places.length; tries += 1) {
      const next =
        places[
          (Math.max(at, event.shiftKey ? 0 : at) + step * tries + places.length * 2) % places.length
        ]();
      if (next?.checkVisibility()) return next.focus();
    }
  });
}
