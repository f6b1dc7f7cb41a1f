// What was filled in: the values of a message or a view in the shape of Slack's `state.values`, and
// one element's place among them.

import { confirmed } from "./popup.js";

/** The values of a message or a view, by block and action; they outlive a redraw. */
export class Form {
  constructor(values = {}) {
    this.states = new Map();
    this.drawn = new Set();
    for (const [blockId, actions] of Object.entries(values)) {
      for (const [actionId, state] of Object.entries(actions)) this.put(blockId, actionId, state);
    }
  }

  /** The state of an element as it is being drawn: what it had, else what it starts with. */
  begin(blockId, actionId, initial) {
    const key = JSON.stringify([blockId, actionId]);
    this.drawn.add(key);
    const kept = this.states.get(key);
    if (!kept || kept.type !== initial.type) this.states.set(key, initial);
    return this.states.get(key);
  }

  put(blockId, actionId, state) {
    this.states.set(JSON.stringify([blockId, actionId]), state);
  }

  get(blockId, actionId) {
    return this.states.get(JSON.stringify([blockId, actionId]));
  }

  /** A redraw: what isn't drawn again by the end of it is forgotten. */
  redraw(draw) {
    this.drawn.clear();
    draw();
    for (const key of this.states.keys()) if (!this.drawn.has(key)) this.states.delete(key);
  }

  values() {
    const values = {};
    for (const [key, state] of this.states) {
      const [blockId, actionId] = JSON.parse(key);
      values[blockId] = { ...values[blockId], [actionId]: state };
    }
    return values;
  }
}

/** One element's place in the form, and how it tells that it changed. */
export class Cell {
  constructor(spec, blockId, scope, options) {
    Object.assign(this, { spec, blockId, scope, options });
    this.actionId = spec.action_id ?? "";
    this.node = null;
  }

  begin(field, value) {
    this.field = field;
    return this.scope.form.begin(this.blockId, this.actionId, {
      type: this.spec.type,
      [field]: value,
    });
  }

  /** Keeps the value; asks and acts if the block dispatches. Answers false if it was taken back. */
  async put(value, { dispatch = this.options.dispatch } = {}) {
    const state = { type: this.spec.type, [this.field]: value };
    if (dispatch && this.spec.confirm && !(await confirmed(this.spec.confirm, this.scope.names))) {
      return false;
    }
    this.scope.form.put(this.blockId, this.actionId, state);
    if (dispatch) this.scope.act(this.node, this.blockId, this.actionId, state);
    return true;
  }

  props(more) {
    return {
      id: this.options.id,
      "aria-describedby": this.options.describedBy,
      "aria-label": this.options.id
        ? null
        : (this.spec.placeholder?.text ?? this.spec.type.replaceAll("_", " ")),
      data: { block: this.blockId, action: this.actionId },
      ...more,
    };
  }
}
