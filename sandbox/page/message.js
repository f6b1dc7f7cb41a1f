// One message as it stands in a list. It is made once and then brought up to date in place, so that
// an edit moves neither the focus nor the page.

import { avatar, fill, h, icon } from "./dom.js";
import { drawBlocks, redrawBlocks } from "./blocks.js";
import { Form } from "./form.js";
import { uploaded } from "./pictures.js";
import { flat, mrkdwn, outward } from "./prose.js";
import { clock, formatDate, moment } from "./time.js";

/** What a screen reader hears of a message, in one line. */
export function spoken(message, names) {
  const author = names.author(message);
  const files = (message.files ?? []).map((file) => `file ${file.name}`);
  const text = flat(message.text, names) || files.join(", ") || "a message";
  return `${author.real_name || author.name}: ${text}${message.ephemeral ? " (only visible to you)" : ""}`;
}

export class MessageView {
  /** `host`: names, act, dismiss(message), openThread(message). */
  constructor(host, channel, message) {
    this.host = host;
    this.channel = channel;
    this.head = h("div", { class: "message-head" });
    this.private = h("div", { class: "private" });
    this.body = h("div", { class: "message-body" });
    this.blocks = h("div", { class: "blocks" });
    this.more = h("div", { class: "more" });
    this.foot = h("div", { class: "message-foot" });
    this.gutter = h("div", { class: "gutter" });
    fill(this.body, this.private, this.head, this.blocks, this.more, this.foot);
    this.node = h(
      "article",
      { class: "message", tabindex: "-1", data: { ts: message.ts } },
      this.gutter,
      this.body,
    );
  }

  update(message, { compact, inThread }) {
    const { names } = this.host;
    if (this.reader !== names.me()) this.form = new Form(); // What one chose, another has not.
    this.reader = names.me();
    this.message = message;
    this.node.className = [
      "message",
      compact && "compact",
      message.ephemeral && "ephemeral",
      message.notice && `notice notice-${message.notice}`,
    ]
      .filter(Boolean)
      .join(" ");
    this.node.setAttribute(
      "aria-label",
      `${spoken(message, names).slice(0, 300)}, ${formatDate(message.ts, "{time}")}`,
    );
    this.drawHead(message, compact);
    this.drawContent(message);
    this.drawMore(message);
    this.foot.replaceChildren(...(inThread ? [] : this.replies(message)));
    this.drawTools(message, inThread);
  }

  drawHead(message, compact) {
    const author = this.host.names.author(message);
    this.gutter.replaceChildren(
      compact ? clock(message.ts, { class: "small-time" }) : avatar(author),
    );
    this.head.replaceChildren(
      h("span", { class: "author" }, author.real_name || author.name),
      ...(author.kind === "bot" ? [h("span", { class: "tag" }, "APP")] : []),
      ...(author.kind === "outsider" ? [h("span", { class: "tag" }, "OTHER WORKSPACE")] : []),
      clock(message.ts, { class: "when" }),
    );
    this.private.replaceChildren(...(message.ephemeral ? this.privateLine(message) : []));
  }

  privateLine(message) {
    const dismiss = () => this.host.dismiss(this.channel, message);
    return [
      icon("eye"),
      h("span", null, "Only visible to you"),
      h(
        "button",
        { type: "button", class: "link-like dismiss", on: { click: dismiss } },
        "Dismiss",
      ),
    ];
  }

  scope() {
    const { message, channel, form, host } = this;
    return {
      names: host.names,
      form,
      files: new Map((message.files ?? []).map((file) => [file.id, file])),
      act: (node, blockId, actionId, action) =>
        host.act(node, {
          channel,
          ts: message.ts,
          block_id: blockId,
          action_id: actionId,
          action,
          values: form.values(),
        }),
    };
  }

  drawContent(message) {
    const blocks = message.blocks?.length ? message.blocks : null;
    if (blocks) {
      redrawBlocks(this.blocks, blocks, this.scope());
      this.text = null;
    } else if (this.text !== `${this.host.names.me()} ${message.text}`) {
      this.text = `${this.host.names.me()} ${message.text}`;
      this.blocks.replaceChildren(
        h("div", { class: "text" }, mrkdwn(message.text, this.host.names)),
      );
    }
    this.edited?.remove();
    this.edited = message.edited ? h("span", { class: "edited" }, "(edited)") : null;
    if (this.edited) this.more.before(this.edited);
  }

  /** Attachments and files, drawn again only if they changed: a picture must not flicker. */
  drawMore(message) {
    const shape = JSON.stringify([message.attachments, message.files]);
    if (shape === this.shape) return;
    this.shape = shape;
    const attachments = (message.attachments ?? []).map((part) => attachment(part, this.scope()));
    this.more.replaceChildren(...attachments, ...(message.files ?? []).map(uploaded));
  }

  replies(message) {
    const count = Number(message.reply_count) || 0;
    if (!count) return [];
    const open = () => this.host.openThread(this.channel, message.ts);
    const latest =
      message.latest_reply &&
      h(
        "span",
        { class: "latest" },
        "Last reply ",
        moment(
          message.latest_reply,
          formatDate(message.latest_reply, "{date_short_pretty} at {time}"),
        ),
      );
    return [
      h(
        "button",
        { type: "button", class: "replies", on: { click: open } },
        icon("reply"),
        h("strong", null, count === 1 ? "1 reply" : `${count} replies`),
        latest,
      ),
    ];
  }

  drawTools(message, inThread) {
    const wanted = !inThread && !message.ephemeral && !message.notice;
    if (wanted === Boolean(this.tools)) return;
    this.tools?.remove();
    this.tools = null;
    if (!wanted) return;
    const open = () => this.host.openThread(this.channel, this.message.ts);
    this.tools = h(
      "div",
      { class: "tools" },
      h(
        "button",
        {
          type: "button",
          class: "icon-button",
          tabindex: "-1",
          "aria-label": "Reply in thread",
          title: "Reply in thread",
          on: { click: open },
        },
        icon("reply"),
      ),
    );
    this.node.append(this.tools);
  }
}

const COLOURS = { good: "#2eb67d", warning: "#ecb22e", danger: "#e01e5a" };

function attachment(part, scope) {
  const { names } = scope;
  const title =
    part.title &&
    h(
      "p",
      { class: "attachment-title" },
      part.title_link
        ? outward(part.title_link, null, flat(part.title, names))
        : flat(part.title, names),
    );
  const fields =
    part.fields?.length &&
    h(
      "div",
      { class: "fields" },
      part.fields.map((field) =>
        h(
          "div",
          { class: "field-text" },
          h("strong", null, flat(field.title, names)),
          h("div", null, mrkdwn(field.value, names)),
        ),
      ),
    );
  const foot = part.footer && h("p", { class: "hint" }, flat(part.footer, names));
  const node = h(
    "div",
    { class: "attachment" },
    part.author_name && h("p", { class: "hint" }, flat(part.author_name, names)),
    title,
    part.text && h("div", { class: "text" }, mrkdwn(part.text, names)),
    fields,
    drawBlocks(part.blocks, scope),
    foot,
  );
  const colour =
    COLOURS[part.color] ??
    (/^#?[0-9a-f]{6}$/i.test(part.color ?? "") ? `#${part.color.replace("#", "")}` : "");
  if (colour) node.style.borderInlineStartColor = colour;
  return h(
    "div",
    null,
    part.pretext && h("div", { class: "text" }, mrkdwn(part.pretext, names)),
    node,
  );
}
