// A list of messages: the channel's, or a thread's. It keeps what is drawn in step with the store,
// stays at the newest when the reader is there, and stays put when they are not.

import { h, icon } from "./dom.js";
import { reconcile } from "./blocks.js";
import { MessageView } from "./message.js";
import { dayOf } from "./time.js";

const TOGETHER_SECONDS = 300;
const NEAR_END_PX = 60;

export class MessageList {
  constructor(place, host, { inThread = false, head = () => null } = {}) {
    Object.assign(this, { place, host, inThread, head });
    this.views = new Map(); // ts -> {view, revision, compact}
    this.days = new Map();
    this.channel = null;
    this.newer = h("button", {
      type: "button",
      class: "newer",
      hidden: true,
      on: { click: () => this.toEnd() },
    });
    place.after(h("div", { class: "newer-frame" }, this.newer));
    place.addEventListener("scroll", () => this.scrolled(), { passive: true });
    place.addEventListener("load", () => this.pinned && this.toEnd(), true); // A picture came.
    place.addEventListener("keydown", (event) => this.keys(event));
    new ResizeObserver(() => this.pinned && this.toEnd()).observe(place);
    this.pinned = true;
    this.top = 0;
    this.unseen = 0;
  }

  isAtEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.place;
    return scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
  }

  /** Only the reader's own scrolling up lets go of the end: content that grows does not. */
  scrolled() {
    const wentUp = this.place.scrollTop < this.top - 1;
    this.top = this.place.scrollTop;
    if (this.isAtEnd()) this.seen();
    else if (wentUp) this.pinned = false;
  }

  seen() {
    this.pinned = true;
    this.unseen = 0;
    this.newer.hidden = true;
  }

  toEnd() {
    this.place.scrollTop = this.place.scrollHeight;
    this.top = this.place.scrollTop;
    this.seen();
  }

  /** Shows these entries of the store; another `key` is another list and begins at its end. */
  show(key, channel, entries) {
    const isOther = key !== this.key;
    if (isOther) this.clear(key, channel);
    const wasAtEnd = isOther || this.pinned || this.isAtEnd();
    const known = new Set(this.views.keys());
    const nodes = this.nodes(entries);
    const top = this.head(entries);
    reconcile(this.place, top ? [top, ...nodes] : nodes);
    const added = entries.filter(({ message }) => !known.has(message.ts));
    this.pinned =
      wasAtEnd ||
      added.some(({ message }) => message.user === this.host.names.me() && !message.bot_id);
    if (this.pinned) this.toEnd();
    else this.count(added.length);
  }

  clear(key, channel) {
    Object.assign(this, { key, channel, unseen: 0 });
    this.views.clear();
    this.days.clear();
    this.newer.hidden = true;
  }

  count(added) {
    this.unseen += added;
    this.newer.hidden = this.unseen === 0;
    this.newer.replaceChildren(
      icon("down"),
      this.unseen === 1 ? "1 new message" : `${this.unseen} new messages`,
    );
  }

  nodes(entries) {
    const nodes = [];
    const keep = new Set();
    let before = null;
    for (const entry of entries) {
      const day = dayOf(entry.message.ts);
      const isNewDay = !before || dayOf(before.ts).key !== day.key;
      if (isNewDay && !this.inThread) nodes.push(this.divider(day));
      nodes.push(this.draw(entry, !isNewDay && belongs(before, entry.message)));
      keep.add(entry.message.ts);
      before = entry.message;
    }
    for (const ts of this.views.keys()) if (!keep.has(ts)) this.views.delete(ts);
    return nodes;
  }

  divider(day) {
    const known = this.days.get(day.key);
    const node = known ?? h("div", { class: "day", role: "separator" }, h("span", null, day.words));
    if (known && known.textContent !== day.words) known.firstElementChild.textContent = day.words;
    this.days.set(day.key, node);
    return node;
  }

  draw({ message, revision }, compact) {
    const known = this.views.get(message.ts);
    const view = known?.view ?? new MessageView(this.host, this.channel, message);
    if (known?.revision !== revision || known.compact !== compact) {
      view.update(message, { compact, inThread: this.inThread });
      this.views.set(message.ts, { view, revision, compact });
    }
    return view.node;
  }

  /** Puts the focus on a message, as after its thread was closed. */
  focusMessage(ts, { reveal = false } = {}) {
    const node = this.views.get(ts)?.view.node;
    if (reveal) node?.scrollIntoView({ block: "center" });
    node?.focus({ preventScroll: true });
    return Boolean(node);
  }

  /** Names or colours may have changed: everything is drawn again at the next `show`. */
  doubt() {
    for (const known of this.views.values()) known.revision = -1;
  }

  /** Arrow keys go from message to message, Enter opens the thread of the one in focus. */
  keys(event) {
    const current = document.activeElement;
    const onMessage = current.classList.contains("message");
    if (event.key === "Enter" && onMessage && !this.inThread) {
      this.host.openThread(this.channel, current.dataset.ts);
      event.preventDefault();
    }
    if (!["ArrowUp", "ArrowDown"].includes(event.key) || !(onMessage || current === this.place))
      return;
    const all = [...this.place.querySelectorAll(".message")];
    const step = event.key === "ArrowUp" ? -1 : 1;
    const at = onMessage ? all.indexOf(current) + step : all.length - 1;
    if (all[at]) {
      event.preventDefault();
      all[at].focus({ preventScroll: true });
      all[at].scrollIntoView({ block: "nearest" });
    }
  }
}

/** Whether a message goes under the one before it without saying again who speaks: apps' never do. */
function belongs(before, message) {
  return (
    Boolean(before) &&
    !before.ephemeral &&
    !message.ephemeral &&
    !before.reply_count &&
    !message.bot_id &&
    !before.bot_id &&
    before.user === message.user &&
    Number(message.ts) - Number(before.ts) < TOGETHER_SECONDS
  );
}
