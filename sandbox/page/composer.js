// Where one types: who speaks, completion of commands, words and people, what was said before, and
// the channel's suggestion.

import { announce, avatar, fill, freshId, h, icon } from "./dom.js";
import { History, complete } from "./completion.js";

const HEIGHT_MAX_PX = 180;

export class Composer {
  /** `say(text)` answers false when nothing could be sent; `who(anchor)` opens the choice of persons. */
  constructor(names, { say, who, inThread = false }) {
    Object.assign(this, {
      names,
      say,
      who,
      inThread,
      drafts: new Map(),
      histories: new Map(),
      key: "",
    });
    this.commands = [];
    this.offer = null;
    this.chosen = 0;
    this.build();
  }

  build() {
    const listId = freshId("offers");
    this.offers = h("div", {
      class: "offers",
      id: listId,
      role: "listbox",
      "aria-label": "Suggestions",
      hidden: true,
    });
    this.chip = h("button", {
      type: "button",
      class: "suggest",
      hidden: true,
      on: { click: () => this.take() },
    });
    this.field = h("textarea", {
      class: "say",
      id: this.inThread ? null : "say",
      rows: "1",
      dir: "auto",
      autocomplete: "off",
      spellcheck: "true",
      "aria-autocomplete": "list",
      "aria-controls": listId,
      on: {
        keydown: (event) => this.keys(event),
        input: () => this.typed(),
        blur: () => this.hide(),
        click: () => this.propose(),
      },
    });
    this.send = h(
      "button",
      {
        type: "button",
        class: "send",
        "aria-label": "Send",
        title: "Send (Enter)",
        on: { click: () => this.submit() },
      },
      icon("send"),
    );
    this.identity = h("button", {
      type: "button",
      class: "identity",
      "aria-haspopup": "menu",
      "aria-expanded": "false",
      on: { click: (event) => this.who?.(event.currentTarget) },
    });
    this.node = h(
      "div",
      { class: "composer" },
      this.chip,
      h(
        "div",
        { class: "composer-box" },
        this.offers,
        this.field,
        h(
          "div",
          { class: "composer-foot" },
          this.identity,
          h("span", { class: "keys" }, "Enter sends · Shift+Enter, a new line"),
          this.send,
        ),
      ),
    );
  }

  /** Another channel or thread: its own draft, its own history. */
  go(key, placeholder) {
    this.drafts.set(this.key, this.field.value);
    this.key = key;
    this.field.value = this.drafts.get(key) ?? "";
    this.field.placeholder = placeholder;
    this.field.setAttribute("aria-label", placeholder);
    this.hide();
    this.grow();
  }

  /** Who speaks, what they may type, and what this channel suggests. */
  learn(world, suggest) {
    const me = this.names.person(world.me);
    this.commands = world.commands ?? [];
    this.suggestion = suggest;
    this.chip.hidden = !suggest;
    this.chip.replaceChildren("Try ", h("code", null, suggest ?? ""));
    if (!me) return;
    const name = me.real_name || me.name;
    this.identity.replaceChildren(
      h("span", { class: "unseen" }, "You act as"),
      avatar(me, "small"),
      h("span", { class: "identity-name" }, name),
      ...(me.title ? [h("span", { class: "identity-title" }, me.title)] : []),
      ...(this.who ? [icon("down")] : []),
    );
    this.identity.title = this.who ? "Choose whom you act as" : "";
    this.identity.disabled = !this.who;
  }

  /** Without a line to the server there is nothing to send on; the draft stays. */
  online(isOpen) {
    this.send.disabled = !isOpen;
  }

  focus() {
    this.field.focus({ preventScroll: true });
  }

  history() {
    if (!this.histories.has(this.names.me())) this.histories.set(this.names.me(), new History());
    return this.histories.get(this.names.me());
  }

  put(text) {
    this.field.value = text;
    this.field.setSelectionRange(text.length, text.length);
    this.grow();
    this.focus();
  }

  take() {
    this.put(this.suggestion);
    this.hide();
  }

  grow() {
    this.field.style.height = "auto";
    this.field.style.height = `${Math.min(this.field.scrollHeight, HEIGHT_MAX_PX)}px`;
    this.send.classList.toggle("ready", Boolean(this.field.value.trim()));
  }

  typed() {
    this.grow();
    this.propose();
  }

  submit() {
    const text = this.field.value.trim();
    if (!text || this.say(text) === false) return;
    this.history().add(text);
    this.field.value = "";
    this.hide();
    this.grow();
    this.focus();
  }

  keys(event) {
    if (event.isComposing) return;
    if (this.offer && this.offerKeys(event)) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.submit();
    } else if (event.key === "ArrowUp" || event.key === "ArrowDown") {
      this.recall(event);
    }
  }

  offerKeys(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      const count = this.offer.options.length;
      this.chosen = (this.chosen + step + count) % count;
      this.drawOffers();
    } else if (event.key === "Tab" && !event.shiftKey) {
      this.accept(this.chosen);
    } else if (event.key === "Enter" && !event.shiftKey && !this.isWhole()) {
      this.accept(this.chosen);
    } else if (event.key === "Escape") {
      this.hide();
    } else {
      return false;
    }
    event.preventDefault();
    return true;
  }

  /** Whether what is typed is already what Enter would complete it to. */
  isWhole() {
    const { from, to, options } = this.offer;
    return options[this.chosen].insert.trim() === this.field.value.slice(from, to);
  }

  recall(event) {
    const { value, selectionStart } = this.field;
    const edge =
      event.key === "ArrowUp"
        ? !value.slice(0, selectionStart).includes("\n")
        : !value.slice(selectionStart).includes("\n");
    const isOurs = !value || value === this.recalled;
    const text = edge && isOurs ? this.history().step(event.key === "ArrowUp" ? -1 : 1) : null;
    if (text === null) return;
    event.preventDefault();
    this.recalled = text;
    this.put(text);
  }

  propose() {
    const people = this.names.people().filter((person) => person.id !== this.names.me());
    const commands = this.inThread ? [] : this.commands;
    this.offer = complete(this.field.value, this.field.selectionStart, { commands, people });
    this.chosen = 0;
    const count = this.offer?.options.length ?? 0;
    if (count && this.offers.hidden)
      announce(count === 1 ? "1 suggestion" : `${count} suggestions`);
    this.drawOffers();
  }

  drawOffers() {
    const options = this.offer?.options ?? [];
    this.offers.hidden = !options.length;
    this.offers.replaceChildren();
    fill(
      this.offers,
      options.map((option, at) =>
        h(
          "div",
          {
            class: "offer",
            role: "option",
            id: `${this.offers.id}-${at}`,
            "aria-selected": String(at === this.chosen),
            on: {
              mousedown: (event) => {
                event.preventDefault();
                this.accept(at);
              },
            },
          },
          h(
            "span",
            { class: "offer-label" },
            option.label,
            option.hint ? h("span", { class: "offer-hint" }, ` ${option.hint}`) : null,
          ),
          h("span", { class: "offer-about" }, option.about),
        ),
      ),
    );
    const active = options.length ? `${this.offers.id}-${this.chosen}` : "";
    this.field.setAttribute("aria-activedescendant", active);
    this.offers.children[this.chosen]?.scrollIntoView({ block: "nearest" });
  }

  accept(at) {
    const { from, to, options } = this.offer;
    const { value } = this.field;
    const insert = options[at].insert;
    this.field.value = value.slice(0, from) + insert + value.slice(to).replace(/^ /, "");
    this.field.setSelectionRange(from + insert.length, from + insert.length);
    this.typed();
    this.focus();
  }

  hide() {
    this.offer = null;
    this.drawOffers();
  }
}
