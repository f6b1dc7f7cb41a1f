// Modals: the top view of the person's stack, its inputs, what is wrong with them, and the wait for
// the app's answer.

import { drawBlocks, reconcile } from "./blocks.js";
import { h, iconButton } from "./dom.js";
import { Form } from "./form.js";
import { plain } from "./prose.js";
import { missing } from "./required.js";

export class Modals {
  /** `host`: names, act, submit(view, values), close(view). */
  constructor(host) {
    this.host = host;
    this.forms = new Map(); // view id -> what was filled in, also while another view is on top
    this.dialog = h("dialog", { class: "modal", on: { cancel: (event) => this.cancel(event) } });
    document.body.append(this.dialog);
  }

  get isOpen() {
    return this.dialog.open;
  }

  /** A `view` frame: the top view as it is now, or none. */
  show({ view, errors, busy }) {
    if (!view) return this.hide();
    const isOther = this.view?.id !== view.id;
    const shape = JSON.stringify({ ...view, state: null });
    const isChanged = isOther || shape !== this.shape;
    if (!this.dialog.open) this.back = document.activeElement;
    if (isChanged || busy) this.unsay();
    Object.assign(this, { view, shape });
    this.errors = errors ?? null;
    if (isChanged || errors || this.hasErrors) this.draw(isOther);
    this.hasErrors = Boolean(errors);
    this.wait(Boolean(busy));
    if (!this.dialog.open) this.dialog.showModal();
    if (errors) this.focusError();
    else if (isOther) this.focusFirst();
  }

  /** Another person, or no connection: the window goes, the server is told nothing. */
  hide() {
    this.view = null;
    this.forms.clear();
    if (!this.dialog.open) return;
    this.dialog.close();
    this.dialog.replaceChildren();
    if (this.back?.isConnected) this.back.focus({ preventScroll: true });
  }

  form(view) {
    if (!this.forms.has(view.id)) this.forms.set(view.id, new Form(view.state?.values));
    return this.forms.get(view.id);
  }

  draw(isOther) {
    const { view } = this;
    const { names } = this.host;
    const focus =
      !isOther && this.dialog.contains(document.activeElement)
        ? { ...document.activeElement.dataset }
        : null;
    const scroll = isOther ? 0 : (this.dialog.querySelector(".modal-body")?.scrollTop ?? 0);
    const close = () => this.host.close(view.id);
    const strays = Object.entries(this.errors ?? {}).filter(
      ([id]) => !view.blocks?.some((block) => block.block_id === id),
    );
    this.notice = h("div", { class: "modal-notice", role: "alert", hidden: true });
    const body = h("div", { class: "modal-body" });
    this.form(view).redraw(() => body.append(...drawBlocks(view.blocks, this.scope())));
    this.submit = view.submit
      ? h("button", { type: "submit", class: "button primary" }, plain(label(view.submit), names))
      : null;
    const node = h(
      "form",
      { class: "modal-form", novalidate: true, on: { submit: (event) => this.send(event) } },
      h(
        "header",
        { class: "modal-head" },
        h("h2", { id: "modal-title" }, plain(label(view.title), names)),
        view.depth > 1 ? h("span", { class: "dim" }, `step ${view.depth}`) : null,
        iconButton("close", "Close", () => this.host.close(view.id, true)),
      ),
      this.notice,
      body,
      h(
        "footer",
        { class: "dialog-foot" },
        h(
          "button",
          { type: "button", class: "button", on: { click: close } },
          plain(label(view.close) || "Close", names),
        ),
        this.submit,
      ),
    );
    this.dialog.setAttribute("aria-labelledby", "modal-title");
    reconcile(this.dialog, [node]);
    body.scrollTop = scroll;
    if (this.said) this.say(this.said);
    if (strays.length) this.say(strays.map(([, text]) => text).join("\n"));
    if (focus?.action) this.find(focus)?.focus({ preventScroll: true });
  }

  find({ block, action }) {
    return [...this.dialog.querySelectorAll("[data-action]")].find(
      (node) => node.dataset.action === action && node.dataset.block === block,
    );
  }

  scope() {
    const { view, host } = this;
    const form = this.form(view);
    return {
      names: host.names,
      form,
      files: new Map(),
      errors: this.errors,
      act: (node, blockId, actionId, action) =>
        host.act(node, {
          view: view.id,
          block_id: blockId,
          action_id: actionId,
          action,
          values: form.values(),
        }),
    };
  }

  send(event) {
    event.preventDefault();
    if (this.busy || !this.submit) return;
    const form = this.form(this.view);
    const errors = missing(this.view.blocks, form);
    if (Object.keys(errors).length) {
      this.errors = errors;
      this.hasErrors = true;
      this.draw(false);
      this.focusError();
    } else if (this.host.submit(this.view.id, form.values()) === false) {
      this.say("The connection to the stand-in is lost. Wait for it, then try again.");
    } else {
      this.wait(true);
    }
  }

  /** A notice while the window is open stands in the window: nothing behind it can be read. */
  say(text) {
    this.said = text;
    this.notice.hidden = false;
    this.notice.replaceChildren(...plain(text, this.host.names));
    this.wait(false);
  }

  unsay() {
    this.said = null;
    if (this.notice) this.notice.hidden = true;
  }

  wait(busy) {
    this.busy = busy;
    this.dialog.setAttribute("aria-busy", String(busy));
    this.submit?.setAttribute("aria-busy", String(busy));
  }

  cancel(event) {
    event.preventDefault();
    if (event.target === this.dialog && this.view) this.host.close(this.view.id);
  }

  focusError() {
    const field = this.dialog.querySelector("[aria-invalid=true]");
    (field?.querySelector("input") ?? field)?.focus();
    field?.closest(".block")?.scrollIntoView({ block: "nearest" });
  }

  focusFirst() {
    const first = this.dialog.querySelector(
      ".modal-body :is(input, select, textarea, button, summary)",
    );
    (first ?? this.submit ?? this.dialog.querySelector(".dialog-foot button"))?.focus();
  }
}

function label(text) {
  return typeof text === "string" ? text : (text?.text ?? "");
}
