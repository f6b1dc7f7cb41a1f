import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./page.mjs";

const { History, complete } = await load("completion.js");
const { Store, byTime } = await load("store.js");
const { fault, gist, isOpen, searchable, title } = await load("calls.js");
const { missing } = await load("required.js");
const { emoji, emojiFromCode } = await load("emoji.js");

const COMMANDS = [
  {
    command: "/backup",
    description: "Backups",
    usage_hint: "[now|list]",
    words: [
      { word: "now", about: "Take one" },
      { word: "list", about: "Which there are" },
      { word: "lint", about: "x" },
    ],
  },
  { command: "/bank", description: "Another", usage_hint: "", words: [] },
];
const PEOPLE = [
  { id: "U1", name: "ayu", real_name: "Ayu Lestari" },
  { id: "U2", name: "budi", real_name: "Budi Santoso" },
];
const offered = (text, caret = text.length) =>
  complete(text, caret, { commands: COMMANDS, people: PEOPLE })?.options.map(
    (option) => option.label,
  ) ?? null;

for (const [text, wanted] of [
  ["/", ["/backup", "/bank"]],
  ["/back", ["/backup"]],
  ["/x", null],
  ["/backup ", ["now", "list", "lint"]],
  ["/backup LI", ["list", "lint"]],
  ["/backup now", null],
  ["/backup now ", null],
  ["/nope ", null],
  ["hello", null],
  ["@", ["@ayu", "@budi"]],
  ["hi @les", ["@ayu"]],
  ["a@b", null],
  ["", null],
]) {
  test(`${JSON.stringify(text)} could become ${JSON.stringify(wanted)}`, () => {
    assert.deepEqual(offered(text), wanted);
  });
}

test("a completion replaces only what was typed of it", () => {
  const offer = complete("/backup li now", 10, { commands: COMMANDS, people: PEOPLE });

  assert.deepEqual([offer.from, offer.to, offer.options[0].insert], [8, 10, "list "]);
});

test("what was said before comes back, newest first, and then nothing", () => {
  const history = new History();
  for (const text of ["one", "two", "two"]) history.add(text);

  assert.deepEqual(
    [-1, -1, -1, 1, 1, 1].map((by) => history.step(by)),
    ["two", "one", null, "two", "", null],
  );
});

const message = (ts, more = {}) => ({ ts, text: ts, ...more });

test("messages stand in the order of their times, whatever order they came in", () => {
  const store = new Store();
  for (const ts of ["1795562337.000200", "1795562337.000100", "1795562336.999999"])
    store.put("C1", message(ts));

  assert.deepEqual(
    store.roots("C1").map((entry) => entry.message.ts),
    ["1795562336.999999", "1795562337.000100", "1795562337.000200"],
  );
  assert.ok(byTime(message("2.000001"), message("2.000002")) < 0);
});

test("a message that changed takes the place of the one it was", () => {
  const store = new Store();

  assert.deepEqual(
    [
      store.put("C1", message("1.0")),
      store.put("C1", message("1.0")),
      store.put("C1", message("1.0", { edited: true })),
    ],
    ["new", "same", "changed"],
  );
  assert.equal(store.roots("C1").length, 1);
});

test("replies are in the thread and not in the channel", () => {
  const store = new Store();
  store.put("C1", message("1.0"));
  store.put("C1", message("2.0", { thread_ts: "1.0" }));
  store.put("C1", message("3.0"));

  assert.deepEqual(
    store.roots("C1").map((entry) => entry.message.ts),
    ["1.0", "3.0"],
  );
  assert.deepEqual(
    store.thread("C1", "1.0").map((entry) => entry.message.ts),
    ["1.0", "2.0"],
  );
});

test("another person never sees what was only for the last one's eyes", () => {
  const store = new Store();
  store.put("C1", message("1.0"));
  store.put("C2", message("2.0", { ephemeral: true }));
  store.forgetPrivate();

  assert.deepEqual([store.roots("C1").length, store.roots("C2").length], [1, 0]);
});

test("what does not come again after a channel is asked for anew is gone", () => {
  const store = new Store();
  for (const ts of ["1.0", "2.0"]) store.put("C1", message(ts));
  store.put("C1", message("3.0", { notice: "error", ephemeral: true }));
  store.doubt("C1");
  store.put("C1", message("2.0"));

  assert.equal(store.sweep("C1"), 1);
  assert.deepEqual(
    store.roots("C1").map((entry) => entry.message.ts),
    ["2.0", "3.0"],
  );
});

test("a notice stands behind everything that was said", () => {
  const store = new Store();
  store.put("C1", message("2000000000.000005"));

  assert.ok(Number(store.after("C1", 10)) > 2_000_000_000.000005);
});

test("a line of the drawer says what a call was about", () => {
  const click = {
    way: "envelope",
    name: "interactive",
    request: { payload: { type: "block_actions", actions: [{ action_id: "job.cancel" }] } },
  };
  const command = {
    way: "envelope",
    name: "slash_commands",
    request: { payload: { command: "/backup", text: "now production" } },
  };
  const post = {
    way: "api",
    name: "chat.postMessage",
    request: { channel: "C1", text: "Backup\nis done" },
  };
  const ack = {
    way: "ack",
    name: "3f2a",
    request: { envelope_id: "3f2a", payload: { response_action: "errors" } },
  };

  assert.deepEqual(
    [click, command, post, ack].map((call) => [title(call), gist(call)]),
    [
      ["block_actions", "job.cancel"],
      ["/backup", "now production"],
      ["chat.postMessage", "Backup is done"],
      ["acknowledged", "errors"],
    ],
  );
});

test("a call that failed says why, one that has no answer yet is open", () => {
  assert.equal(fault({ ok: false, answer: { error: "invalid_blocks" } }), "invalid_blocks");
  assert.equal(fault({ ok: true, answer: null }), "");
  assert.ok(isOpen({ way: "api", ok: true, answer: null, ms: 0 }));
  assert.ok(!isOpen({ way: "ack", ok: true, answer: null, ms: 0 }));
  assert.match(
    searchable({ way: "api", name: "a", ok: false, request: { Text: "Deep" }, answer: null }),
    /failed.*deep/s,
  );
});

test("an odd call does not stop the drawer", () => {
  for (const request of [null, undefined, "text", [], { payload: null }]) {
    for (const way of ["api", "envelope", "ack", "response_url", "trouble", "new"]) {
      assert.equal(
        typeof title({ way, name: "n", request }) + typeof gist({ way, name: "n", request }),
        "stringstring",
      );
    }
  }
});

const input = (id, element, more = {}) => ({
  type: "input",
  block_id: id,
  element: { action_id: id, ...element },
  ...more,
});
const form = (states) => ({ get: (block) => states[block] });

test("an input that must be filled in is, before anything is sent", () => {
  const blocks = [
    input("empty", { type: "plain_text_input" }),
    input("space", { type: "plain_text_input" }),
    input("none", { type: "checkboxes" }),
    input("optional", { type: "plain_text_input" }, { optional: true }),
    input("short", { type: "plain_text_input", min_length: 3 }),
    input("number", { type: "number_input" }),
    input("good", { type: "static_select" }),
    { type: "section", block_id: "text" },
  ];
  const wrong = missing(
    blocks,
    form({
      empty: { type: "plain_text_input", value: null },
      space: { type: "plain_text_input", value: "  " },
      none: { type: "checkboxes", selected_options: [] },
      short: { type: "plain_text_input", value: "ab" },
      number: { type: "number_input", value: "x" },
      good: { type: "static_select", selected_option: { value: "a" } },
    }),
  );

  assert.deepEqual(Object.keys(wrong), ["empty", "space", "none", "short", "number"]);
});

test("emoji have their characters, unknown names none", () => {
  assert.deepEqual(
    [emoji("tada"), emoji("wave::skin-tone-3"), emoji("nonsense"), emoji("constructor")],
    ["🎉", "👋", null, null],
  );
  assert.deepEqual(
    [
      emojiFromCode("1f6df"),
      emojiFromCode("2764-fe0f"),
      emojiFromCode("ffffff"),
      emojiFromCode("<b>"),
      emojiFromCode(undefined),
    ],
    ["🛟", "❤️", null, null, null],
  );
});
