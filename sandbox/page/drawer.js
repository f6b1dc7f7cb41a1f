// What really goes over the wires: every call and envelope, newest last, each with its JSON; and
// the troubles one can make.

import { WAYS, fault, gist, isOpen, searchable, title } from "./calls.js";
import { byId, fill, h, hasKeyboard, iconButton } from "./dom.js";
import { json } from "./json.js";
import { formatDate, moment } from "./time.js";
import { Troubles } from "./troubles.js";

const KEPT_MAX = 600;
const HEIGHT_KEY = "drawer-height";
export class Drawer {
  constructor(makeTrouble) {
    this.panel = byId("drawer");
    this.toggle = byId("drawer-toggle");
    this.calls = new Map(); // n -> {call, row}
    this.words = "";
    this.rows = h("ol", { class: "calls", tabindex: "0", "aria-label": "Requests, newest last" });
    this.none = h(
      "p",
      { class: "empty" },
      "Nothing has been sent yet. Say something, or type a command.",
    );
    this.troubles = new Troubles(makeTrouble);
    this.filter = h("input", {
      type: "search",
      class: "field filter",
      placeholder: "Filter: chat.update, error…",
      "aria-label": "Filter the requests",
      on: { input: (event) => this.sift(event.target.value) },
    });
    this.grip = h("div", {
      class: "grip",
      role: "separator",
      tabindex: "0",
      "aria-orientation": "horizontal",
      "aria-label": "Height of the drawer",
      "aria-valuenow": "38",
      on: { keydown: (event) => this.gripKeys(event), pointerdown: (event) => this.drag(event) },
    });
    fill(
      this.panel,
      this.grip,
      h(
        "header",
        { class: "panel-head" },
        h("h2", null, "Requests"),
        this.filter,
        h(
          "button",
          { type: "button", class: "button small", on: { click: () => this.clear() } },
          "Clear",
        ),
        iconButton("close", "Close the drawer", () => this.open(false)),
      ),
      h(
        "div",
        { class: "drawer-body" },
        h("div", { class: "calls-frame" }, this.none, this.rows),
        this.troubles.node,
      ),
    );
    this.toggle.addEventListener("click", () => this.open(this.panel.hidden));
    this.panel.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && event.target !== this.filter) this.open(false);
    });
    this.resize(Number(sessionStorage.getItem(HEIGHT_KEY)) || 0);
  }

  open(isOpen) {
    this.panel.hidden = !isOpen;
    this.toggle.setAttribute("aria-expanded", String(isOpen));
    if (isOpen) {
      this.rows.parentElement.scrollTop = this.rows.parentElement.scrollHeight;
      (hasKeyboard() ? this.filter : this.rows).focus({ preventScroll: true });
    } else {
      this.toggle.focus();
    }
  }

  learn(world) {
    this.troubles.render(world.troubles ?? []);
  }

  /** A `call` frame: a new line, or the same line again with its answer. */
  add(call) {
    const frame = this.rows.parentElement;
    const atEnd = frame.scrollHeight - frame.scrollTop - frame.clientHeight < 40;
    const known = this.calls.get(call.n);
    const row = this.row(call, Boolean(known?.row.firstElementChild.open));
    const hadFocus = known?.row.contains(document.activeElement);
    if (known) known.row.replaceWith(row);
    else this.rows.append(row);
    this.calls.set(call.n, { call, row });
    if (this.calls.size > KEPT_MAX) this.forget(this.calls.keys().next().value);
    row.hidden = !this.fits(call);
    if (hadFocus) row.querySelector("summary").focus({ preventScroll: true });
    this.none.hidden = true;
    byId("call-count").textContent = String(this.calls.size);
    if (atEnd && !this.panel.hidden) frame.scrollTop = frame.scrollHeight;
  }

  forget(n) {
    this.calls.get(n)?.row.remove();
    this.calls.delete(n);
  }

  clear() {
    for (const n of [...this.calls.keys()]) this.forget(n);
    this.none.hidden = false;
    byId("call-count").textContent = "0";
  }

  row(call, wasOpen) {
    const [way, about] = WAYS[call.way] ?? [call.way, ""];
    const ms = isOpen(call)
      ? "…"
      : Number.isFinite(call.ms) && !["trouble", "ack"].includes(call.way)
        ? `${Math.round(call.ms)} ms`
        : "";
    const details = h(
      "details",
      { class: "call", open: wasOpen, data: { way: call.way, ok: String(call.ok !== false) } },
      h(
        "summary",
        null,
        moment(call.at, formatDate(call.at, "{time_secs}"), { class: "call-at" }),
        h("span", { class: "way", title: about }, way),
        h("span", { class: "call-name" }, title(call)),
        h(
          "span",
          { class: "call-gist" },
          fault(call) ? h("strong", null, fault(call), " ") : null,
          gist(call),
        ),
        h("span", { class: "call-ms" }, ms),
      ),
    );
    const draw = () => {
      if (!details.open || details.childElementCount > 1) return;
      details.append(
        h(
          "div",
          { class: "call-json" },
          side(call.way, "request", call.request),
          side(call.way, "answer", call.answer),
        ),
      );
    };
    details.addEventListener("toggle", draw);
    draw();
    return h("li", null, details);
  }

  fits(call) {
    const all = this.words && searchable(call);
    return !all || this.words.split(/\s+/).every((word) => all.includes(word));
  }

  sift(text) {
    this.words = text.trim().toLowerCase();
    for (const { call, row } of this.calls.values()) row.hidden = !this.fits(call);
  }

  resize(height) {
    if (!height) return;
    const fitting = Math.max(140, Math.min(height, innerHeight * 0.8));
    this.panel.style.height = `${fitting}px`;
    this.grip.setAttribute("aria-valuenow", String(Math.round((100 * fitting) / innerHeight)));
    sessionStorage.setItem(HEIGHT_KEY, String(fitting));
  }

  gripKeys(event) {
    const step = { ArrowUp: 32, ArrowDown: -32 }[event.key];
    if (!step) return;
    event.preventDefault();
    this.resize(this.panel.getBoundingClientRect().height + step);
  }

  drag(event) {
    event.preventDefault();
    this.grip.setPointerCapture(event.pointerId);
    const bottom = this.panel.getBoundingClientRect().bottom;
    const move = (moved) => this.resize(bottom - moved.clientY);
    this.grip.addEventListener("pointermove", move);
    this.grip.addEventListener(
      "pointerup",
      () => this.grip.removeEventListener("pointermove", move),
      { once: true },
    );
  }
}

function side(way, part, value) {
  const titles = {
    envelope: { request: "handed over", answer: "answer" },
    ack: { request: "envelope", answer: "payload" },
  };
  const isNothing =
    value === null ||
    value === undefined ||
    (typeof value === "object" && !Object.keys(value).length);
  return h(
    "div",
    { class: "side" },
    h("h3", null, titles[way]?.[part] ?? part),
    isNothing ? h("p", { class: "dim" }, "nothing") : json(value),
  );
}
