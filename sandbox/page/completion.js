// What a half-typed line could become: commands, their words, people. Pure; composer.js shows it.

const SHOWN_MAX = 8;

/** {from, to, options: [{insert, label, about}]} for a caret in a text, or null. */
export function complete(text, caret, { commands, people }) {
  const before = text.slice(0, caret);
  return completeCommand(before, commands) ?? completePerson(before, people);
}

function completeCommand(before, commands) {
  if (!before.startsWith("/") || before.includes("\n")) return null;
  const space = before.indexOf(" ");
  if (space < 0) {
    const fitting = commands.filter((entry) => entry.command.startsWith(before));
    return offer(
      0,
      before.length,
      fitting.map((entry) => ({
        insert: `${entry.command} `,
        label: entry.command,
        hint: entry.usage_hint,
        about: entry.description,
      })),
    );
  }
  const found = commands.find((entry) => entry.command === before.slice(0, space));
  if (!found) return null;
  const typed = before.slice(space + 1);
  if (/\s/.test(typed)) return null; // Only the first word after a command is one of its words.
  const fitting = (found.words ?? []).filter((entry) => entry.word.startsWith(typed.toLowerCase()));
  if (fitting.length === 1 && fitting[0].word === typed) return null;
  return offer(
    space + 1,
    before.length,
    fitting.map((entry) => ({
      insert: `${entry.word} `,
      label: entry.word,
      about: entry.about,
    })),
  );
}

function completePerson(before, people) {
  const found = /(^|[\s(])@([\p{L}\p{N}._-]*)$/u.exec(before);
  if (!found) return null;
  const typed = found[2].toLowerCase();
  const fitting = people.filter((person) =>
    [person.name, ...String(person.real_name ?? "").split(" ")].some((name) =>
      String(name).toLowerCase().startsWith(typed),
    ),
  );
  const from = before.length - found[2].length - 1;
  return offer(
    from,
    before.length,
    fitting.map((person) => ({
      insert: `@${person.name} `,
      label: `@${person.name}`,
      about: [person.real_name, person.title].filter(Boolean).join(", "),
    })),
  );
}

function offer(from, to, options) {
  return options.length ? { from, to, options: options.slice(0, SHOWN_MAX * 4) } : null;
}

/** What was said before, as the arrow keys go through it: the newest last, doubles left out. */
export class History {
  constructor(said = []) {
    this.said = said;
    this.at = said.length;
  }

  add(text) {
    if (this.said.at(-1) !== text) this.said.push(text);
    this.said.splice(0, this.said.length - 50);
    this.at = this.said.length;
  }

  /** The text one further back (-1) or forward (1); "" past the newest, null if there is none. */
  step(by) {
    const to = this.at + by;
    if (to < 0 || to > this.said.length) return null;
    this.at = to;
    return this.said[to] ?? "";
  }
}
