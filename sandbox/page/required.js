// What the window itself checks before a view is submitted: inputs that must be filled in.

/** {block_id: words} for each input that isn't filled in as its block asks. */
export function missing(blocks, form) {
  const errors = {};
  for (const block of blocks ?? []) {
    if (block.type !== "input") continue;
    const value = valueOf(form.get(block.block_id, block.element?.action_id ?? ""));
    const words =
      value === null
        ? !block.optional && "Please complete this required field."
        : wrong(block.element, value);
    if (words) errors[block.block_id] = words;
  }
  return errors;
}

/** The value in an element's state, whatever it is called there; null when there is none. */
function valueOf(state) {
  const value = Object.entries(state ?? {}).find(([name]) => name !== "type")?.[1] ?? null;
  const isEmpty =
    value === "" ||
    (Array.isArray(value) && !value.length) ||
    (typeof value === "string" && !value.trim());
  return isEmpty ? null : value;
}

function wrong(element, value) {
  if (typeof value !== "string") return null;
  if (element.min_length && value.length < element.min_length) {
    return `Please enter at least ${element.min_length} characters.`;
  }
  if (element.max_length && value.length > element.max_length) {
    return `Please enter at most ${element.max_length} characters.`;
  }
  if (element.type === "number_input" && !Number.isFinite(Number(value)))
    return "Please enter a number.";
  return null;
}
