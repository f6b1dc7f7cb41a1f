// Whom the visitor acts as. One person sits in every chair here: a click changes chairs.

import { avatar, byId, h } from "./dom.js";
import { openMenu, walk } from "./popup.js";

const KINDS = {
  guest: "guest",
  single_channel_guest: "guest of one channel",
  deactivated: "deactivated",
  outsider: "other workspace",
  bot: "app",
};

export class People {
  constructor(become) {
    this.become = become;
    this.list = byId("people");
    this.list.addEventListener("keydown", (event) =>
      walk(event, [...this.list.querySelectorAll("button")]),
    );
  }

  /** Whom one can be: everybody but the apps. */
  chairs(world) {
    return world.people.filter((person) => person.kind !== "bot");
  }

  render(world) {
    this.world = world;
    const focused = document.activeElement?.dataset?.person;
    this.list.replaceChildren(
      ...this.chairs(world).map((person) => this.chair(person, person.id === world.me)),
    );
    if (focused) this.list.querySelector("[aria-checked=true]")?.focus();
  }

  chair(person, isMe) {
    return h(
      "button",
      {
        type: "button",
        class: "person",
        role: "radio",
        "aria-checked": String(isMe),
        data: { person: person.id },
        tabindex: isMe ? "0" : "-1",
        title: about(person),
        on: { click: () => this.become(person.id) },
      },
      avatar(person, "small"),
      h(
        "span",
        { class: "person-words" },
        h("span", { class: "person-name" }, person.real_name || person.name),
        h("small", null, about(person)),
      ),
      isMe ? h("span", { class: "you" }, "you") : null,
    );
  }

  /** The same choice as a menu, next to the composer. */
  menu(anchor) {
    openMenu(
      anchor,
      "You act as",
      this.chairs(this.world).map((person) => ({
        label: person.real_name || person.name,
        about: about(person),
        content: avatar(person, "small"),
        checked: person.id === this.world.me,
        choose: () => this.become(person.id),
      })),
    );
  }
}

function about(person) {
  const kind = KINDS[person.kind];
  const isSaid = kind && person.title?.toLowerCase().includes(kind);
  return [person.title, isSaid ? null : kind].filter(Boolean).join(" · ");
}
