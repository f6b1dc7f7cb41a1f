// The side panel with one thread: the message, its replies and a composer of its own.

import { byId, fill, h, hasKeyboard, iconButton } from "./dom.js";
import { Composer } from "./composer.js";
import { MessageList } from "./messages.js";

export class Thread {
  /** `host` is what messages need; `say(text)` speaks in the open thread; `closed()` when it closes. */
  constructor(host, { say, who, closed }) {
    this.panel = byId("thread");
    this.host = host;
    this.closed = closed;
    this.ts = null;
    this.where = h("span", { class: "dim" });
    this.log = h("div", {
      class: "log",
      tabindex: "0",
      role: "log",
      "aria-live": "off",
      "aria-label": "Thread",
    });
    this.composer = new Composer(host.names, { say, who, inThread: true });
    fill(
      this.panel,
      h(
        "header",
        { class: "panel-head" },
        h("h2", null, "Thread"),
        this.where,
        iconButton("close", "Close the thread", () => this.close()),
      ),
      this.log,
      this.composer.node,
    );
    this.list = new MessageList(this.log, host, { inThread: true });
    this.panel.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !event.defaultPrevented) this.close();
    });
  }

  open(channel, ts) {
    Object.assign(this, { channel, ts });
    this.where.textContent = `#${this.host.names.channel(channel)?.name ?? ""}`;
    this.panel.hidden = false;
    document.body.classList.add("has-thread");
    this.composer.go(`${channel} ${ts}`, "Reply…");
    if (hasKeyboard()) this.composer.focus();
    else this.log.focus({ preventScroll: true });
  }

  close() {
    if (this.panel.hidden) return;
    const { ts } = this;
    this.ts = null;
    this.panel.hidden = true;
    this.list.show(null, null, []);
    document.body.classList.remove("has-thread");
    this.closed(ts);
  }

  render(store) {
    if (!this.ts) return;
    const entries = store.thread(this.channel, this.ts);
    if (!store.get(this.channel, this.ts)) this.close();
    else this.list.show(`${this.channel} ${this.ts}`, this.channel, entries);
  }
}
