"""What is wrong with a page for somebody who can't see it, can't see it well, or holds a phone.

A small part of what axe looks at, with the browser's own names of things: what has no name, ids
that are there twice or nowhere, text too faint to read, what is cut off or too small to touch.
"""

import re

from playwright.sync_api import Page

# In an aria snapshot a thing with a name has it behind its role, in quotes.
NAMELESS = re.compile(
    r"^\s*- (button|link|textbox|searchbox|combobox|checkbox|radio|switch|menuitem\w*|option|img"
    r"|dialog|alertdialog|listbox|menu|complementary|region|log)\b(?! [\"'/]).*$",
    re.MULTILINE,
)
LOOK = """
(phone) => {
  const found = [];
  let lookedAt = 0;
  const shown = (node) => node.checkVisibility({ visibilityProperty: true });
  const dialog = document.querySelector("dialog[open]");
  const inReach = (node) => shown(node) && (!dialog || dialog.contains(node));
  const say = (what, node) =>
    found.push(`${what}: <${node.localName} class="${node.getAttribute("class") ?? ""}"> ` +
      JSON.stringify(node.textContent.trim().slice(0, 40)));

  const ids = new Map();
  for (const node of document.querySelectorAll("[id]")) {
    if (ids.has(node.id)) say("an id twice", node);
    ids.set(node.id, node);
  }
  for (const name of ["aria-labelledby", "aria-describedby", "aria-controls", "for"]) {
    for (const node of document.querySelectorAll(`[${name}]`)) {
      if (!shown(node)) continue;
      for (const id of node.getAttribute(name).split(" "))
        if (!ids.has(id)) say(`${name} leads nowhere`, node);
    }
  }
  for (const node of document.querySelectorAll("[tabindex]"))
    if (node.tabIndex > 0) say("its own order of tabs", node);

  const colour = (text) => {
    const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number);
    return { r, g, b, a };
  };
  const over = (top, below) => {
    const mix = (one) => top[one] * top.a + below[one] * (1 - top.a);
    return { r: mix("r"), g: mix("g"), b: mix("b"), a: 1 };
  };
  const ground = (node) => {
    const layers = [];
    for (let at = node; at; at = at.parentElement) {
      const layer = colour(getComputedStyle(at).backgroundColor);
      layers.push(layer);
      if (layer.a === 1) break;
    }
    return layers.reverse().reduce((below, top) => over(top, below), { r: 255, g: 255, b: 255 });
  };
  const light = ({ r, g, b }) => {
    const part = (value) => {
      const s = value / 255;
      return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
    };
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !inReach(node)) continue;
    if (node.closest(":disabled, .unseen, .skip, noscript, option, .avatar")) continue;
    lookedAt += 1;
    const style = getComputedStyle(node);
    const back = ground(node);
    const [low, high] = [light(over(colour(style.color), back)), light(back)].sort((a, b) => a - b);
    const ratio = (high + 0.05) / (low + 0.05);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (isLarge ? 3 : 4.5)) say(`too faint (${ratio.toFixed(1)})`, node);
  }

  if (!phone) return [lookedAt, found];
  const scrolls = (node) => {
    for (let at = node; at; at = at.parentElement)
      if (at !== document.documentElement && at !== document.body &&
          /auto|scroll/.test(getComputedStyle(at).overflowX) && at.scrollWidth > at.clientWidth)
        return true;
    return false;
  };
  for (const node of document.querySelectorAll("body *")) {
    if (!inReach(node) || node.closest(".unseen, .skip, svg")) continue;
    const { left, right, width, height } = node.getBoundingClientRect();
    if (width && height && (right > innerWidth + 1 || left < -1) && !scrolls(node))
      say(`cut off (${Math.round(left)} to ${Math.round(right)})`, node);
    const isPressed = node.matches("button, input, select, summary, [role=button]");
    if (isPressed && (width < 24 || height < 24) && !node.matches(".tick input"))
      say(`too small to touch (${Math.round(width)}×${Math.round(height)})`, node);
  }
  for (const node of document.querySelectorAll(".log, .modal-body, main, .drawer"))
    if (inReach(node) && node.scrollWidth > node.clientWidth + 1) say("scrolls sideways", node);
  return [lookedAt, found];
}
"""


def faults(page: Page, *, phone: bool = False) -> list[str]:
    """Everything that is wrong with the page as it stands now."""
    nameless = [
        f"no name: {found[0].strip()}"
        for found in NAMELESS.finditer(page.locator("body").aria_snapshot())
    ]
    looked_at, found = page.evaluate(LOOK, phone)
    assert looked_at, "there was nothing to read on the page"
    return nameless + found
