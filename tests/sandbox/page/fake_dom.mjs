// A document as small as the page's drawing needs. It knows no markup: whatever is not made by
// `createElement` is text, and asking it to read HTML is an error.

class FakeNode {
  constructor() {
    this.parentNode = null;
    this.childNodes = [];
  }

  get isConnected() {
    return this === document.body || Boolean(this.parentNode?.isConnected);
  }

  get textContent() {
    return this.childNodes.map((child) => child.textContent).join("");
  }

  set textContent(text) {
    this.replaceChildren(text);
  }

  get children() {
    return this.childNodes.filter((child) => child instanceof FakeElement);
  }

  get childElementCount() {
    return this.children.length;
  }

  get firstElementChild() {
    return this.children[0] ?? null;
  }

  append(...nodes) {
    for (const node of nodes) this.insertBefore(node, null);
  }

  insertBefore(given, before) {
    const node = given instanceof FakeNode ? given : new FakeText(String(given));
    node.remove();
    const at = before ? this.childNodes.indexOf(before) : this.childNodes.length;
    this.childNodes.splice(at, 0, node);
    node.parentNode = this;
  }

  replaceChildren(...nodes) {
    for (const child of [...this.childNodes]) child.remove();
    this.append(...nodes);
  }

  remove() {
    if (!this.parentNode) return;
    if (this.contains(document.activeElement)) document.activeElement = document.body;
    this.parentNode.childNodes.splice(this.parentNode.childNodes.indexOf(this), 1);
    this.parentNode = null;
  }

  contains(node) {
    return node === this || this.childNodes.some((child) => child.contains(node));
  }
}

class FakeText extends FakeNode {
  constructor(text) {
    super();
    this.text = text;
  }

  get textContent() {
    return this.text;
  }
}

export class FakeElement extends FakeNode {
  constructor(tag) {
    super();
    this.tagName = tag.toUpperCase();
    this.attributes = new Map();
    this.dataset = {};
    this.style = {};
    this.listeners = new Map();
  }

  set innerHTML(_) {
    throw new Error("this page never reads markup");
  }

  setAttribute(name, value) {
    this.attributes.set(name, String(value));
  }

  getAttribute(name) {
    return this.attributes.get(name) ?? null;
  }

  removeAttribute(name) {
    this.attributes.delete(name);
  }

  addEventListener(type, listener) {
    this.listeners.set(type, [...(this.listeners.get(type) ?? []), listener]);
  }

  /** Lets something happen to it, as a person does. */
  fire(type, more = {}) {
    const event = { type, target: this, currentTarget: this, preventDefault() {}, ...more };
    for (const listener of this.listeners.get(type) ?? []) listener(event);
  }

  focus() {
    document.activeElement = this;
  }

  showModal() {
    this.open = true;
  }

  close() {
    this.open = false;
    this.fire("close");
  }

  closest(selector) {
    if (this.matches(selector)) return this;
    return this.parentNode?.closest?.(selector) ?? null;
  }

  /** Knows `tag`, `.class`, `[data-name]` and `[attribute]`. */
  matches(selector) {
    const data = /^\[data-([\w-]+)\]$/.exec(selector);
    if (data) return data[1] in this.dataset;
    const attribute = /^\[([\w-]+)\]$/.exec(selector);
    if (attribute) return this.attributes.has(attribute[1]);
    if (selector.startsWith("."))
      return (this.getAttribute("class") ?? "").split(" ").includes(selector.slice(1));
    return this.tagName === selector.toUpperCase();
  }

  querySelectorAll(selector) {
    return everyElement(this)
      .slice(1)
      .filter(
        (node) =>
          node.matches(selector.replace(":checked", "")) &&
          (!selector.includes(":checked") || node.checked),
      );
  }

  querySelector(selector) {
    return this.querySelectorAll(selector)[0] ?? null;
  }
}

/** The element and every one inside it. */
export function everyElement(node) {
  return [node, ...node.children.flatMap(everyElement)];
}

export const document = {
  createElement: (tag) => new FakeElement(tag),
  createElementNS: (space, tag) => new FakeElement(tag),
  body: null,
  activeElement: null,
};
document.body = new FakeElement("body");
document.activeElement = document.body;
Object.assign(globalThis, { document, location: new URL("http://127.0.0.1:4200/") });
