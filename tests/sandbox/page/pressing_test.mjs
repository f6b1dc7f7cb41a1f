import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { document } from "./fake_dom.mjs";
import { actions, button, mrkdwn, options, plain, settled, stage } from "./stage.mjs";

let acts, draw, find, form, place;

beforeEach(() => {
  ({ acts, draw, find, form, place } = stage());
});

test("a pressed button says what Slack's would", () => {
  draw(actions(button({ style: "primary" })));
  find("button").fire("click");

  assert.deepEqual(acts, [
    {
      block: "A",
      action: "go",
      what: { type: "button", text: plain("Go"), value: "v", style: "primary" },
    },
  ]);
});

test("a button that waits for its answer is not pressed twice", () => {
  draw(actions(button()));
  find("button").setAttribute("aria-busy", "true");
  find("button").fire("click");

  assert.deepEqual(acts, []);
});

const QUESTION = {
  title: plain("Sure?"),
  text: mrkdwn("*34 tables*"),
  confirm: plain("Do it"),
  deny: plain("Not yet"),
  style: "danger",
};

test("nothing is sent before the question of a button is answered", async () => {
  draw(actions(button({ confirm: QUESTION })));
  find("button").fire("click");
  const dialog = document.body.querySelector("dialog");

  assert.equal(dialog.open, true);
  assert.equal(document.activeElement.textContent, "Not yet");
  assert.deepEqual(acts, []);
  dialog.querySelectorAll("button")[1].fire("click");
  await settled();
  assert.equal(acts.length, 1);
  assert.equal(document.body.querySelector("dialog"), null);
});

for (const how of ["the button", "Esc"]) {
  test(`a question that is denied by ${how} sends nothing`, async () => {
    draw(actions(button({ confirm: QUESTION })));
    find("button").fire("click");
    const dialog = document.body.querySelector("dialog");
    if (how === "Esc") dialog.close();
    else dialog.querySelectorAll("button")[0].fire("click");
    await settled();

    assert.deepEqual(acts, []);
  });
}

test("a choice that is denied goes back to what was chosen", async () => {
  draw(
    actions({
      type: "static_select",
      action_id: "s",
      options,
      initial_option: options[0],
      confirm: QUESTION,
    }),
  );
  const select = find("select");
  select.value = "b";
  select.fire("change");
  document.body.querySelector("dialog").close();
  await settled();

  assert.equal(select.value, "a");
  assert.deepEqual(acts, []);
  assert.deepEqual(form.get("A", "s").selected_option, options[0]);
});

test("a menu tells the whole option", async () => {
  draw(actions({ type: "static_select", action_id: "s", options }));
  find("select").value = "b";
  find("select").fire("change");
  await settled();

  assert.deepEqual(acts, [
    { block: "A", action: "s", what: { type: "static_select", selected_option: options[1] } },
  ]);
});

test("an input acts only if its block says so", async () => {
  const element = { type: "static_select", action_id: "s", options };
  draw(
    { type: "input", block_id: "quiet", label: plain("x"), element },
    { type: "input", block_id: "loud", dispatch_action: true, label: plain("x"), element },
  );
  for (const select of place.querySelectorAll("select")) {
    select.value = "a";
    select.fire("change");
  }
  await settled();

  assert.deepEqual(
    acts.map((act) => act.block),
    ["loud"],
  );
});

const STATES = [
  [{ type: "plain_text_input", initial_value: "x" }, { value: "x" }],
  [{ type: "plain_text_input", multiline: true }, { value: null }],
  [{ type: "number_input" }, { value: null }],
  [{ type: "static_select", options, initial_option: options[1] }, { selected_option: options[1] }],
  [{ type: "radio_buttons", options }, { selected_option: null }],
  [
    { type: "checkboxes", options, initial_options: [options[0]] },
    { selected_options: [options[0]] },
  ],
  [{ type: "multi_static_select", options }, { selected_options: [] }],
  [{ type: "users_select", initial_user: "U2" }, { selected_user: "U2" }],
  [{ type: "multi_users_select" }, { selected_users: [] }],
  [{ type: "channels_select" }, { selected_channel: null }],
  [{ type: "conversations_select" }, { selected_conversation: null }],
  [{ type: "datepicker", initial_date: "2026-11-24" }, { selected_date: "2026-11-24" }],
  [{ type: "timepicker" }, { selected_time: null }],
  [{ type: "datetimepicker", initial_date_time: 1795562337 }, { selected_date_time: 1795562337 }],
];

for (const [element, wanted] of STATES) {
  test(`an untouched ${element.type} has its state in Slack's shape`, () => {
    draw({
      type: "input",
      block_id: "B",
      label: plain("x"),
      element: { action_id: "a", ...element },
    });

    assert.deepEqual(form.values(), { B: { a: { type: element.type, ...wanted } } });
  });
}

test("what was typed outlives a redraw, what is drawn no more is forgotten", () => {
  const input = (id) => ({
    type: "input",
    block_id: id,
    label: plain("x"),
    element: { type: "plain_text_input", action_id: id },
  });
  form.redraw(() => draw(input("kept"), input("gone")));
  for (const field of place.querySelectorAll("input")) {
    field.value = "typed";
    field.fire("input");
  }
  place.replaceChildren();
  form.redraw(() => draw(input("kept"), input("new")));

  assert.deepEqual(form.values(), {
    kept: { kept: { type: "plain_text_input", value: "typed" } },
    new: { new: { type: "plain_text_input", value: null } },
  });
  assert.equal(find("input").value, "typed");
});

test("ticked boxes are all told, in order", async () => {
  draw(actions({ type: "checkboxes", action_id: "c", options }));
  const boxes = place.querySelectorAll("input");
  for (const box of [...boxes].reverse()) {
    box.checked = true;
    box.fire("change");
  }
  await settled();

  assert.deepEqual(acts.at(-1).what.selected_options, options);
});
