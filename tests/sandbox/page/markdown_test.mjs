import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./page.mjs";

const { markdown } = await load("markdown.js");
const { richText } = await load("rich.js");

const kinds = (tokens) => tokens.map((token) => token.kind);

test("blocks of Markdown are told apart", () => {
  const text =
    "# Head\n\ntext\nmore\n\n- one\n  - deep\n- two\n\n1. first\n\n> quote\n\n```js\ncode\n```\n---\n| a | b |\n|:-:|--:|\n| 1 | 2 |";

  assert.deepEqual(kinds(markdown(text)), [
    "heading",
    "lines",
    "list",
    "list",
    "list",
    "list",
    "quote",
    "pre",
    "rule",
    "grid",
  ]);
});

test("spans of Markdown nest", () => {
  const [line] = markdown("**bold with `code`** and *it* and ~~no~~ and [x](https://example.com/)");

  assert.deepEqual(kinds(line.children), [
    "bold",
    "text",
    "italic",
    "text",
    "strike",
    "text",
    "link",
  ]);
  assert.deepEqual(kinds(line.children[0].children), ["text", "code"]);
});

test("a column is aligned as its rule says", () => {
  const [grid] = markdown("a|b|c\n:-:|--:|---\n1|2|3");

  assert.deepEqual(grid.align, ["center", "right", "left"]);
  assert.equal(grid.rows.length, 1);
});

test("a link of another kind is only its label", () => {
  const [line] = markdown("[click](javascript:alert(1)) ![x](data:text/html,x) <b>raw</b>");

  assert.equal(JSON.stringify(line).includes('"link"'), false);
});

for (const [name, text] of Object.entries({
  stars: "*".repeat(12_000),
  brackets: "[".repeat(12_000),
  pairs: "**a ".repeat(3_000),
  ticks: "`".repeat(12_000),
  quotes: `${">".repeat(6_000)} x`,
  links: "[a](".repeat(3_000),
  pipes: "|-\n".repeat(4_000),
  tildes: "~~a".repeat(4_000),
})) {
  test(`12,000 characters of ${name} are read at once`, () => {
    const start = performance.now();
    markdown(text);

    assert.ok(performance.now() - start < 600);
  });
}

test("rich text keeps its styles, lists and dates", () => {
  const tokens = richText([
    {
      type: "rich_text_section",
      elements: [
        { type: "text", text: "a\nb", style: { bold: true, italic: true } },
        { type: "text", text: "c", style: { code: true } },
        { type: "date", timestamp: 1, format: "{date}", fallback: "f" },
        { type: "user", user_id: "U1" },
      ],
    },
    {
      type: "rich_text_list",
      style: "ordered",
      indent: 2,
      offset: 3,
      elements: [{ type: "rich_text_section", elements: [] }],
    },
    { type: "rich_text_preformatted", elements: [{ type: "text", text: "x" }] },
    { type: "rich_text_quote", elements: [{ type: "text", text: "q" }] },
  ]);

  assert.deepEqual(kinds(tokens), ["lines", "list", "pre", "quote"]);
  assert.deepEqual(kinds(tokens[0].children), ["italic", "code", "date", "user"]);
  assert.deepEqual([tokens[1].indent, tokens[1].start, tokens[1].ordered], [2, 4, true]);
});

test("a rich link of another kind is only its words", () => {
  const [line] = richText([
    { type: "rich_text_section", elements: [{ type: "link", url: "javascript:1", text: "x" }] },
  ]);

  assert.deepEqual(line.children, [{ kind: "text", text: "x" }]);
});

test("rich text that isn't as it should be is still read", () => {
  assert.deepEqual(richText(null), []);
  assert.deepEqual(kinds(richText([{ type: "new" }, { type: "rich_text_list" }])), [
    "lines",
    "list",
  ]);
});
