import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { beforeEach, test } from "node:test";
import { document, everyElement } from "./fake_dom.mjs";
import { load } from "./page.mjs";
import { actions, button, mrkdwn, options, plain, stage } from "./stage.mjs";

const { redrawBlocks } = await load("blocks.js");
const { h } = await load("dom.js");
const { ownAddress, size } = await load("pictures.js");
const { json } = await load("json.js");

let draw, find, place, scope;

beforeEach(() => {
  ({ draw, find, place, scope } = stage());
});

const HOSTILE = `<script>alert(1)</script><img src=x onerror=alert(1)>" onclick="alert(1) <javascript:alert(1)|x>`;
const EVERY = {
  section: { text: mrkdwn(HOSTILE), fields: [mrkdwn(HOSTILE), plain(HOSTILE)] },
  header: { text: plain(HOSTILE) },
  context: {
    elements: [
      mrkdwn(HOSTILE),
      { type: "image", image_url: "javascript:alert(1)", alt_text: HOSTILE },
    ],
  },
  actions: {
    elements: [
      button({ text: plain(HOSTILE), url: "javascript:alert(1)" }),
      { type: "overflow", action_id: "o", options },
    ],
  },
  divider: {},
  image: { image_url: "https://example.com/x.png", alt_text: HOSTILE, title: plain(HOSTILE) },
  input: {
    label: plain(HOSTILE),
    hint: plain(HOSTILE),
    element: {
      type: "plain_text_input",
      action_id: "i",
      initial_value: HOSTILE,
      placeholder: plain(HOSTILE),
    },
  },
  rich_text: {
    elements: [
      {
        type: "rich_text_section",
        elements: [
          { type: "text", text: HOSTILE },
          { type: "link", url: "javascript:1", text: HOSTILE },
        ],
      },
    ],
  },
  markdown: { text: `${HOSTILE}\n[x](javascript:alert(1)) <b>y</b>` },
  table: { rows: [[{ type: "raw_text", text: HOSTILE }], [{ type: "rich_text", elements: [] }]] },
  data_table: { caption: HOSTILE, rows: [[{ type: "raw_text", text: HOSTILE }]] },
  plan: {
    title: HOSTILE,
    tasks: [
      {
        type: "task_card",
        title: HOSTILE,
        status: HOSTILE,
        sources: [{ url: "javascript:1", text: HOSTILE }],
      },
    ],
  },
  task_card: { title: HOSTILE, status: "complete" },
  alert: { text: mrkdwn(HOSTILE), level: HOSTILE },
  container: { title: plain(HOSTILE), child_blocks: [{ type: "section", text: mrkdwn(HOSTILE) }] },
  card: { title: plain(HOSTILE), body: mrkdwn(HOSTILE), actions: [button()] },
  carousel: { elements: [{ type: "card", title: plain(HOSTILE) }] },
  context_actions: {
    elements: [
      { type: "feedback_buttons", action_id: "f", positive_button: { text: plain(HOSTILE) } },
    ],
  },
  video: { title: plain(HOSTILE), video_url: "javascript:alert(1)" },
  something_new: { text: HOSTILE },
};
const HARMLESS = new Set(
  (
    "A B BLOCKQUOTE BODY BR BUTTON CODE DETAILS DIV EM H2 H3 HR IMG INPUT LABEL LI OL OPTION P PATH PRE S SELECT SMALL SPAN" +
    " STRONG SUMMARY SVG TABLE TBODY TD TEXTAREA TH THEAD TIME TR U UL"
  ).split(" "),
);

for (const [type, body] of Object.entries(EVERY)) {
  test(`hostile words in a ${type} block are words`, () => {
    draw({ type, block_id: "B", ...body });

    for (const node of everyElement(place)) {
      assert.ok(HARMLESS.has(node.tagName), node.tagName);
      assert.deepEqual(
        [...node.attributes.keys()].filter((name) => /^on|^style$|^srcdoc$/i.test(name)),
        [],
      );
      if (node.attributes.has("href")) assert.match(node.getAttribute("href"), /^https?:/);
      if (node.attributes.has("src"))
        assert.match(node.getAttribute("src"), /^http:\/\/127\.0\.0\.1:4200\//);
      if (node.getAttribute("target")) assert.match(node.getAttribute("rel"), /noopener/);
    }
  });
}

test("every word of a block can be read", () => {
  draw({ type: "section", block_id: "B", text: mrkdwn(HOSTILE) });

  assert.equal(place.textContent, HOSTILE);
});

test("an attribute that could run code is refused where attributes are set", () => {
  for (const name of ["onclick", "ONERROR", "style", "srcdoc"])
    assert.throws(() => h("p", { [name]: "x" }));
});

test("a block that makes no sense does not take the others with it", () => {
  const odd = [
    null,
    {},
    { type: "section" },
    { type: "actions" },
    { type: "table", rows: null },
    { type: "header" },
    { type: "section", fields: 3 },
    { type: "input" },
    { type: "constructor" },
    { type: "context", elements: [null] },
  ];
  const nodes = draw(...odd, { type: "section", block_id: "good", text: plain("still here") });

  assert.equal(nodes.length, odd.length + 1);
  assert.match(place.textContent, /still here/);
});

test("a mention is a chip with the person's name, one's own is marked", () => {
  draw({ type: "section", block_id: "B", text: mrkdwn("<@U1> <@U2> <@U9|gone> <#C1> <#C9>") });
  const chips = place
    .querySelectorAll(".mention")
    .map((node) => [node.textContent, node.getAttribute("class")]);

  assert.deepEqual(chips, [
    ["@ayu", "mention mine"],
    ["@budi", "mention"],
    ["@gone", "mention"],
    ["#backups", "mention"],
    ["#private-channel", "mention"],
  ]);
});

const edited = (percent) => [
  { type: "section", block_id: "S", text: plain(`${percent} %`) },
  actions(button()),
];

test("an edit leaves what did not change in its place, with the focus", () => {
  redrawBlocks(place, edited(10), scope);
  const [text, row] = place.children;
  find("button").focus();
  redrawBlocks(place, edited(20), scope);

  assert.notEqual(place.children[0], text);
  assert.equal(place.children[1], row);
  assert.equal(document.activeElement, find("button"));
  assert.match(place.textContent, /^20 %/);
});

test("an edit of the button in focus gives the focus to the new one", () => {
  redrawBlocks(place, edited(10), scope);
  find("button").focus();
  redrawBlocks(place, [edited(10)[0], actions(button({ text: plain("Go on") }))], scope);

  assert.equal(document.activeElement.textContent, "Go on");
  assert.equal(document.activeElement.isConnected, true);
});

test("a button that is gone leaves the focus with its message", () => {
  const message = h("article", { tabindex: "-1" }, place);
  document.body.append(message);
  redrawBlocks(place, edited(10), scope);
  find("button").focus();
  redrawBlocks(place, [edited(10)[0]], scope);

  assert.equal(document.activeElement, message);
});

const GOLDEN = new URL("../../golden/messages/", import.meta.url);

test("everything that the bot says can be drawn", () => {
  const files = readdirSync(GOLDEN).filter((name) => name.endsWith(".json"));
  for (const name of files) draw(...(JSON.parse(readFileSync(new URL(name, GOLDEN))).blocks ?? []));

  assert.ok(files.length > 20);
  assert.deepEqual(
    place
      .querySelectorAll(".unknown")
      .concat(place.querySelectorAll(".unknown-block"))
      .map((node) => node.textContent),
    [],
  );
});

test("only this server's pictures are fetched", () => {
  assert.equal(ownAddress("/files/F1/a.png"), "http://127.0.0.1:4200/files/F1/a.png");
  for (const bad of [
    "https://example.com/a.png",
    "//example.com/a.png",
    "javascript:1",
    "data:text/html,x",
    "http://127.0.0.1:9/a.png",
  ]) {
    assert.equal(ownAddress(bad), null);
  }
});

test("sizes are told in the largest unit that fits", () => {
  assert.deepEqual([0, 999, 1000, 48211, 418e6, 2e12, "x"].map(size), [
    "0 B",
    "999 B",
    "1.0 kB",
    "48 kB",
    "418 MB",
    "2.0 TB",
    "",
  ]);
});

test("JSON is shown as it is, with JSON inside of text opened", () => {
  place.append(json({ text: "<b>", blocks: '[{"type":"divider"}]', none: null, n: 1 }));

  assert.match(place.textContent, /"<b>"/);
  assert.match(place.textContent, /\{ divider \}/);
});
