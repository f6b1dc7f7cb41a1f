// Buttons that were pressed and wait for an answer look so, until one comes or is overdue.

const OVERDUE_MS = 4000; // An app has three seconds.

export class Pending {
  constructor() {
    this.waiting = new Map(); // node -> {ts, timer}
  }

  begin(node, ts) {
    if (!node) return;
    this.end(node);
    node.setAttribute("aria-busy", "true");
    this.waiting.set(node, { ts, timer: setTimeout(() => this.end(node), OVERDUE_MS) });
  }

  /** An answer: to what was pressed in this message, or, without one, to everything. */
  settle(ts) {
    for (const [node, entry] of [...this.waiting]) {
      if (ts === undefined || entry.ts === ts) this.end(node);
    }
  }

  end(node) {
    clearTimeout(this.waiting.get(node)?.timer);
    this.waiting.delete(node);
    node.removeAttribute("aria-busy");
  }
}
