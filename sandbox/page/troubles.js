// The troubles as switches: a lasting one stays on, the others strike once and are off again.

import { byId, h } from "./dom.js";

const FLIP_MS = 700;

export class Troubles {
  constructor(make) {
    this.make = make;
    this.list = h("ul", { class: "troubles" });
    this.node = h(
      "section",
      { class: "troubles-frame", "aria-label": "Troubles" },
      h("h3", null, "Make trouble"),
      h("p", { class: "hint" }, "What a bot meets on a bad day, at your wish."),
      this.list,
    );
  }

  render(troubles) {
    this.troubles = troubles.map((trouble) => ({ ...trouble }));
    const focused = this.list.contains(document.activeElement)
      ? document.activeElement.dataset.kind
      : null;
    this.list.replaceChildren(...this.troubles.map((trouble) => this.item(trouble)));
    if (focused) this.list.querySelector(`[data-kind="${CSS.escape(focused)}"]`)?.focus();
    this.count();
  }

  item(trouble) {
    const words = h(
      "span",
      { class: "trouble-words" },
      h("span", { class: "trouble-name" }, trouble.kind.replaceAll("_", " ")),
      h("small", null, trouble.about),
      trouble.lasting ? null : h("small", { class: "once" }, "once"),
    );
    const knob = h("span", { class: "knob", "aria-hidden": "true" });
    // The server says what is on: one that strikes at once never stays, so its switch falls back.
    const flip = (event) => {
      if (this.make(trouble.kind, !trouble.on) === false) return;
      event.currentTarget.setAttribute("aria-checked", String(!trouble.on));
      setTimeout(() => this.render(this.troubles), FLIP_MS);
    };
    return h(
      "li",
      null,
      h(
        "button",
        {
          type: "button",
          class: "trouble",
          role: "switch",
          "aria-checked": String(Boolean(trouble.on)),
          data: { kind: trouble.kind },
          on: { click: flip },
        },
        words,
        knob,
      ),
    );
  }

  count() {
    const on = this.troubles.filter((trouble) => trouble.on).length;
    const badge = byId("trouble-count");
    badge.hidden = !on;
    badge.textContent = on === 1 ? "1 trouble on" : `${on} troubles on`;
  }
}
