// Slack's mrkdwn: text in, tokens out. Pure, so that node can test it without a browser; prose.js
// turns tokens into elements. One pass and bounded nesting: hostile text costs its length, no more.

const MARKS = { "*": "bold", _: "italic", "~": "strike" };
const WORD = /[\p{L}\p{N}]/u;
const EMOJI = /:([a-z0-9_+'-]{1,60}(?:::skin-tone-[2-6])?):/y;
const BARE_LINK = /https?:\/\/[^\s<>|]+/y;
const FENCE = "```";
const ESCAPED = { "&amp;": "&", "&lt;": "<", "&gt;": ">" };

/** Undoes Slack's three escapes, each once. */
export function unescape(text) {
  return text.replace(/&(?:amp|lt|gt);/g, (found) => ESCAPED[found]);
}

/** The address if it is one that a link here may have (http or https), else null. */
export function webAddress(text) {
  if (!/^https?:\/\//i.test(text)) return null; // Before the costly way to find out.
  try {
    const url = new URL(text);
    return url.protocol === "http:" || url.protocol === "https:" ? url.href : null;
  } catch {
    return null;
  }
}

/** A whole text: tokens `lines`, `quote` and `pre`, in order. `verbatim`: bare addresses stay text. */
export function parse(text, verbatim = false) {
  const tokens = [];
  let rest = String(text ?? "").replace(/\r\n?/g, "\n");
  while (rest) {
    const start = rest.indexOf(FENCE);
    const end = start < 0 ? -1 : rest.indexOf(FENCE, start + 3);
    if (end < 0 || end === start + 3) {
      tokens.push(...parseLines(rest, verbatim));
      break;
    }
    tokens.push(...parseLines(rest.slice(0, start).replace(/\n$/, ""), verbatim));
    tokens.push({ kind: "pre", text: visible(rest.slice(start + 3, end).replace(/^\n/, "")) });
    rest = rest.slice(end + 3).replace(/^\n/, "");
  }
  return tokens;
}

function parseLines(text, verbatim) {
  const tokens = [];
  if (!text) return tokens;
  const lines = text.split("\n");
  let run = [];
  let quoted = false;
  const flush = () => {
    if (!run.length) return;
    const body = { kind: "lines", children: parseInline(run.join("\n"), verbatim) };
    tokens.push(quoted ? { kind: "quote", children: [body] } : body);
    run = [];
  };
  for (const [number, line] of lines.entries()) {
    const rest = /^(?:>>>|&gt;&gt;&gt;) ?/.exec(line);
    const quote = rest ?? /^(?:>|&gt;) ?/.exec(line);
    if (Boolean(quote) !== quoted) flush();
    quoted = Boolean(quote);
    run.push(quote ? line.slice(quote[0].length) : line);
    if (rest) {
      run.push(...lines.slice(number + 1));
      break;
    }
  }
  flush();
  return tokens;
}

/** One run of text, without blocks: tokens `text`, `break`, `code`, `link`, `bold`, `user`, … */
export function parseInline(text, verbatim = false) {
  return new Inline(text, verbatim).read();
}

class Inline {
  constructor(text, verbatim) {
    this.text = text;
    this.verbatim = verbatim;
    this.at = 0;
    this.plain = "";
    this.out = [];
    this.opened = new Map(); // A mark -> where in `out` its opening stands, as text.
    this.closers = new Map(); // A character -> where it comes next, so that no search is repeated.
  }

  read() {
    while (this.at < this.text.length) {
      const taken = this.special(this.text[this.at]);
      if (!taken) {
        this.plain += this.text[this.at];
        this.at += 1;
      }
    }
    this.flush();
    return joined(this.out);
  }

  special(char) {
    if (char === "\n") return this.newline();
    if (char === "<") return this.angle();
    if (char === "`") return this.code();
    if (char === "&") return this.escape();
    if (char === ":") return this.named();
    if (char === "h") return this.bareLink();
    return char in MARKS && Object.hasOwn(MARKS, char) ? this.mark(char) : false;
  }

  push(token, length) {
    this.flush();
    this.out.push(token);
    this.at += length;
    return true;
  }

  flush() {
    if (this.plain) this.out.push({ kind: "text", text: this.plain });
    this.plain = "";
  }

  next(char, from) {
    const known = this.closers.get(char);
    if (known !== undefined && (known === -1 || known >= from)) return known;
    const found = this.text.indexOf(char, from);
    this.closers.set(char, found);
    return found;
  }

  newline() {
    this.opened.clear(); // Bold does not reach over the end of a line.
    return this.push({ kind: "break" }, 1);
  }

  escape() {
    const found = Object.keys(ESCAPED).find((name) => this.text.startsWith(name, this.at));
    if (!found) return false;
    this.plain += ESCAPED[found];
    this.at += found.length;
    return true;
  }

  code() {
    const end = this.next("`", this.at + 1);
    const line = this.next("\n", this.at);
    if (end <= this.at + 1 || (line >= 0 && line < end)) return false;
    const inner = visible(this.text.slice(this.at + 1, end));
    return this.push({ kind: "code", text: inner }, end + 1 - this.at);
  }

  named() {
    EMOJI.lastIndex = this.at;
    const found = EMOJI.exec(this.text);
    return found ? this.push({ kind: "emoji", name: found[1] }, found[0].length) : false;
  }

  bareLink() {
    if (this.verbatim || WORD.test(this.text[this.at - 1] ?? "")) return false;
    BARE_LINK.lastIndex = this.at;
    const found = BARE_LINK.exec(this.text)?.[0]
      .split(/&[lg]t;/)[0]
      .replace(/[.,;:!?)\]'"*_~`]+$/, "");
    const url = found ? webAddress(unescape(found)) : null;
    if (!url) return false;
    const label = { kind: "text", text: unescape(found) };
    return this.push({ kind: "link", url, children: [label] }, found.length);
  }

  angle() {
    const end = this.next(">", this.at);
    const again = this.text.indexOf("<", this.at + 1);
    if (end < 0 || (again >= 0 && again < end)) return false;
    const token = entity(this.text.slice(this.at + 1, end));
    return token ? this.push(token, end + 1 - this.at) : false;
  }

  mark(char) {
    const before = this.text[this.at - 1] ?? " ";
    const after = this.text[this.at + 1] ?? " ";
    const start = this.opened.get(char);
    this.flush();
    if (
      start !== undefined &&
      !/\s/.test(before) &&
      !WORD.test(after) &&
      this.out.length > start + 1
    ) {
      const children = joined(this.out.splice(start + 1));
      this.out[start] = { kind: MARKS[char], children };
      for (const [other, place] of this.opened) if (place >= start) this.opened.delete(other);
    } else {
      const opens = !WORD.test(before) && before !== char && after !== char && !/\s/.test(after);
      if (opens) this.opened.set(char, this.out.length);
      this.out.push({ kind: "text", text: char });
    }
    this.at += 1;
    return true;
  }
}

/** What stands between < and >, or null when it is nothing that Slack knows. */
function entity(inner) {
  const bar = inner.indexOf("|");
  const target = bar < 0 ? inner : inner.slice(0, bar);
  const label = bar < 0 ? "" : unescape(inner.slice(bar + 1));
  const reference = /^([@#])([A-Z0-9]{2,40})$/.exec(target);
  if (reference) {
    return { kind: reference[1] === "@" ? "user" : "channel", id: reference[2], label };
  }
  if (target.startsWith("!")) return special(target.slice(1), label);
  const shown = label || unescape(target);
  if (target.startsWith("mailto:")) return { kind: "text", text: label || shown.slice(7) };
  const url = webAddress(unescape(target));
  return url ? { kind: "link", url, children: [{ kind: "text", text: shown }] } : null;
}

function special(name, label) {
  const [word, ...more] = name.split("^");
  if (word === "date" && more.length >= 2) {
    const url = more.length > 2 ? webAddress(unescape(more[2])) : null;
    return { kind: "date", ts: more[0], format: unescape(more[1]), fallback: label, url };
  }
  if (word === "subteam") return { kind: "group", id: more[0] ?? "", label };
  if (["here", "channel", "everyone"].includes(word)) return { kind: "broadcast", range: word };
  return null;
}

/** Text as it reads inside code: escapes undone, <address|label> shown as what it says. */
function visible(text) {
  const shown = text.replace(/<([^<>\n]*)>/g, (whole, inner) => {
    const token = entity(inner);
    if (!token) return whole;
    if (token.kind === "link") return token.children[0].text;
    return token.label || token.fallback || token.text || whole;
  });
  return unescape(shown);
}

function joined(tokens) {
  const out = [];
  for (const token of tokens) {
    const last = out.at(-1);
    if (token.kind === "text" && last?.kind === "text") {
      out[out.length - 1] = { kind: "text", text: last.text + token.text };
    } else {
      out.push(token);
    }
  }
  return out;
}
