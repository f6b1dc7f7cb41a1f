// Rich text, as composers and apps send it -> the tokens of mrkdwn.js.

import { webAddress } from "./mrkdwn.js";

const STYLES = ["bold", "italic", "strike", "underline"];

/** The tokens of a `rich_text` block's elements. */
export function richText(elements) {
  return list(elements).map(part);
}

function list(value) {
  return Array.isArray(value) ? value : [];
}

function part(element) {
  if (element.type === "rich_text_list") return bullets(element);
  if (element.type === "rich_text_preformatted") {
    return { kind: "pre", text: list(element.elements).map(words).join("") };
  }
  const body = { kind: "lines", children: inline(element.elements) };
  return element.type === "rich_text_quote" ? { kind: "quote", children: [body] } : body;
}

function bullets(element) {
  return {
    kind: "list",
    ordered: element.style === "ordered",
    indent: element.indent ?? 0,
    start: (Number(element.offset) || 0) + 1,
    items: list(element.elements).map((item) => inline(item.elements)),
  };
}

/** The tokens of the elements of one section, list item or quote. */
export function inline(elements) {
  return list(elements).flatMap((element) => styled(element.style, one(element)));
}

function styled(style, tokens) {
  if (style?.code) {
    return tokens.map((token) =>
      token.kind === "text" ? { kind: "code", text: token.text } : token,
    );
  }
  return STYLES.filter((name) => style?.[name]).reduce(
    (inner, name) => [{ kind: name, children: inner }],
    tokens,
  );
}

function one(element) {
  const drawn = ELEMENTS[element.type];
  return drawn ? [drawn(element)].flat() : [{ kind: "text", text: words(element) }];
}

const ELEMENTS = {
  text: (element) => lines(element.text),
  link: (element) => {
    const text = { kind: "text", text: String(element.text || element.url) };
    const url = webAddress(element.url);
    return url ? { kind: "link", url, children: [text] } : text;
  },
  user: (element) => ({ kind: "user", id: element.user_id, label: "" }),
  usergroup: (element) => ({ kind: "group", id: element.usergroup_id, label: "" }),
  channel: (element) => ({ kind: "channel", id: element.channel_id, label: "" }),
  emoji: (element) => ({ kind: "emoji", name: String(element.name), unicode: element.unicode }),
  broadcast: (element) => ({ kind: "broadcast", range: String(element.range) }),
  color: (element) => ({ kind: "color", value: String(element.value) }),
  date: (element) => ({
    kind: "date",
    ts: element.timestamp,
    format: String(element.format),
    fallback: String(element.fallback ?? ""),
    url: element.url ? webAddress(element.url) : null,
  }),
};

function lines(text) {
  return String(text ?? "")
    .split("\n")
    .flatMap((line, number) => [
      ...(number ? [{ kind: "break" }] : []),
      ...(line ? [{ kind: "text", text: line }] : []),
    ]);
}

function words(element) {
  return String(element.text ?? element.url ?? element.fallback ?? element.name ?? "");
}
