// What stands above the first message of a channel, and in a chair that has none.

import { h } from "./dom.js";

const LISTED_MAX = 200; // As many messages as the server sends: above them there may be more.

/** A function of the listed messages that gives the element above them, or null. */
export function introduction(names, channelNow) {
  let shown = null;
  return (entries) => {
    if (entries.length >= LISTED_MAX) return null;
    const channel = names.channel(channelNow());
    const key = channel?.id ?? names.me();
    if (shown?.dataset.key !== key) shown = channel ? ofChannel(channel) : ofEmptyChair(names);
    return shown;
  };
}

function ofChannel(channel) {
  const name = channel.direct ? channel.name : `#${channel.name}`;
  const what =
    "Everyone here is you. Choose a person, type a command, then become somebody else and press the button.";
  return intro(channel.id, name, what);
}

function ofEmptyChair(names) {
  const name = names.person(names.me())?.real_name ?? "Nobody";
  const what = "There is nothing to see or to do in this chair. Choose another person.";
  return intro(names.me(), `${name} is in no channel`, what);
}

function intro(key, title, text) {
  return h(
    "div",
    { class: "intro", data: { key } },
    h("p", { class: "intro-name" }, title),
    h("p", null, text),
  );
}
