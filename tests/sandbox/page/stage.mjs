// A small stage for tests of what draws: two people, a channel, and a place in a fake document.

import { document } from "./fake_dom.mjs";
import { load } from "./page.mjs";

const { drawBlocks } = await load("blocks.js");
const { Form } = await load("form.js");

export const plain = (text) => ({ type: "plain_text", text });
export const mrkdwn = (text) => ({ type: "mrkdwn", text });
export const options = ["a", "b"].map((value) => ({ text: plain(value.toUpperCase()), value }));
export const button = (more = {}) => ({
  type: "button",
  action_id: "go",
  text: plain("Go"),
  value: "v",
  ...more,
});
export const actions = (...elements) => ({ type: "actions", block_id: "A", elements });

const PEOPLE = [
  { id: "U1", name: "ayu", real_name: "Ayu Lestari", title: "Approver" },
  { id: "U2", name: "budi", real_name: "Budi", title: "" },
];
const names = {
  me: () => "U1",
  person: (id) => PEOPLE.find((person) => person.id === id),
  people: () => PEOPLE,
  channel: (id) => (id === "C1" ? { id: "C1", name: "backups" } : undefined),
  channels: () => [{ id: "C1", name: "backups" }],
};

/** A new stage: `acts` is what was sent, `draw` puts blocks in the place. */
export function stage() {
  const acts = [];
  const form = new Form();
  const act = (node, block, action, what) => acts.push({ block, action, what });
  const scope = { names, form, files: new Map(), act };
  const place = document.createElement("div");
  document.body.replaceChildren(place);
  const draw = (...blocks) => {
    const nodes = drawBlocks(blocks, scope);
    place.append(...nodes);
    return nodes;
  };
  return { acts, form, scope, place, draw, find: (selector) => place.querySelector(selector) };
}

/** What was begun has gone on. */
export const settled = () => new Promise((resolve) => setTimeout(resolve));
