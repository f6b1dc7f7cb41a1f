// The channels of the left bar, and the head of the one that is open.

import { byId, h, icon } from "./dom.js";
import { walk } from "./popup.js";

export class Channels {
  constructor(open) {
    this.open = open;
    this.list = byId("channels");
    this.unread = new Map();
    this.list.addEventListener("keydown", (event) =>
      walk(event, [...this.list.querySelectorAll("button")]),
    );
  }

  /** One more message that nobody has seen, in a channel that isn't open. */
  count(channel) {
    this.unread.set(channel, (this.unread.get(channel) ?? 0) + 1);
  }

  seen(channel) {
    this.unread.delete(channel);
  }

  render(channels, current) {
    const focused = document.activeElement?.dataset?.channel;
    this.list.replaceChildren(
      ...channels.map((channel) => this.item(channel, channel.id === current)),
    );
    if (focused) this.list.querySelector(`[data-channel="${CSS.escape(focused)}"]`)?.focus();
    const open = channels.find((channel) => channel.id === current);
    byId("room-name").textContent = open ? open.name : "No channel";
    byId("room-hash").replaceChildren(mark(open));
    byId("room-topic").textContent = open?.topic ?? "";
    byId("room-shared").hidden = !open?.shared;
    document.title = open ? `#${open.name} · stand-in workspace` : "Stand-in workspace";
  }

  item(channel, isOpen) {
    const count = this.unread.get(channel.id) ?? 0;
    const label = count ? `${channel.name}, ${count} unread` : null;
    return h(
      "li",
      null,
      h(
        "button",
        {
          type: "button",
          class: count ? "channel unread" : "channel",
          "aria-label": label,
          "aria-current": isOpen ? "page" : null,
          data: { channel: channel.id },
          on: { click: () => this.open(channel.id) },
        },
        h("span", { class: "hash", "aria-hidden": "true" }, mark(channel)),
        h("span", { class: "channel-name" }, channel.name),
        channel.shared
          ? h(
              "span",
              { class: "shared-mark", title: "Shared with another workspace" },
              icon("shared"),
            )
          : null,
        count ? h("span", { class: "count" }, String(count)) : null,
      ),
    );
  }
}

function mark(channel) {
  if (channel?.direct) return icon("reply");
  return channel?.private ? icon("lock") : "#";
}
