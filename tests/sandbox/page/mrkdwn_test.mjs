import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./page.mjs";

const { parse, parseInline, unescape, webAddress } = await load("mrkdwn.js");

const QUICK_MS = 400;

/** Tokens as short text: `bold(it(a) b) link[http://x/](label)`. */
function short(tokens) {
  return tokens
    .map((token) => {
      if (token.kind === "text") return token.text;
      if (token.kind === "break") return "⏎";
      if (token.kind === "link") return `link[${token.url}](${short(token.children)})`;
      if (token.children) return `${token.kind}(${short(token.children)})`;
      return `${token.kind}(${token.text ?? token.id ?? token.name ?? token.range ?? token.fallback})`;
    })
    .join("");
}

function everyToken(tokens) {
  return tokens.flatMap((token) => [token, ...everyToken(token.children ?? [])]);
}

const CASES = [
  ["plain", "lines(plain)"],
  ["*bold* _it_ ~no~ `code`", "lines(bold(bold) italic(it) strike(no) code(code))"],
  ["*_both_*", "lines(bold(italic(both)))"],
  ["_*both*_", "lines(italic(bold(both)))"],
  ["a*b*c and snake_case_name", "lines(a*b*c and snake_case_name)"],
  ["**not bold**", "lines(**not bold**)"],
  ["* a * b", "lines(* a * b)"],
  ["*one\ntwo*", "lines(*one⏎two*)"],
  ["*a _b* c_", "lines(bold(a _b) c_)"],
  ["(*x*), *y*.", "lines((bold(x)), bold(y).)"],
  ["5 &lt; 6 &amp;&amp; 7 &gt; 6", "lines(5 < 6 && 7 > 6)"],
  ["&amp;lt;", "lines(&lt;)"],
  [
    "<@U0AYU00002> <#C0BACKUPS1|backups> <!here> <!subteam^S0APPROVER|@approvers>",
    "lines(user(U0AYU00002) channel(C0BACKUPS1) broadcast(here) group(S0APPROVER))",
  ],
  [
    "<https://example.com/a?b=1&amp;c=2|the *label*>",
    "lines(link[https://example.com/a?b=1&c=2](the *label*))",
  ],
  [
    "see https://example.com/x, ok",
    "lines(see link[https://example.com/x](https://example.com/x), ok)",
  ],
  ["*https://example.com/x*", "lines(bold(link[https://example.com/x](https://example.com/x)))"],
  ["<mailto:a@example.com|write>", "lines(write)"],
  [":tada: :x: 10:30:45", "lines(emoji(tada) emoji(x) 10emoji(30)45)"],
  ["&gt; quoted\n&gt; more\nafter", "quote(lines(quoted⏎more))lines(after)"],
  ["> raw\nafter", "quote(lines(raw))lines(after)"],
  ["a\n&gt;&gt;&gt; all\nof it", "lines(a)quote(lines(all⏎of it))"],
  ["a\n```\nx *y* &lt;b&gt;\n```\nb", "lines(a)pre(x *y* <b>\n)lines(b)"],
  ["```never closed", "lines(```never closed)"],
  ["`a` ``` b", "lines(code(a) ``` b)"],
  ["`<https://example.com/|label>`", "lines(code(label))"],
  ["<!date^1795562337^{date_num}|then>", "lines(date(then))"],
  ["", ""],
];

for (const [text, wanted] of CASES) {
  test(`reads ${JSON.stringify(text)}`, () => {
    assert.equal(short(parse(text)), wanted);
  });
}

const HOSTILE = [
  "<script>alert(1)</script>",
  "<img src=x onerror=alert(1)>",
  "<javascript:alert(1)|click>",
  "<JaVaScRiPt:alert(1)>",
  "<data:text/html,<script>alert(1)</script>|x>",
  "<vbscript:x|y>",
  "<file:///etc/passwd|y>",
  "<java\nscript:alert(1)|x>",
  "< https://example.com|x>",
  '<@U1" onmouseover=alert(1)>',
  "<!date^1^{date}^javascript:alert(1)|x>",
  "<https://example.com",
  "<<<@U0AYU00002>>>",
  "<|>",
  "<>",
  "<@>",
  "<!>",
  "<#|x>",
  "<!date>",
  "<!date^^>",
  "<__proto__>",
  "<!constructor>",
  "*_~`<*_~`<",
  "`*_~",
  ":__proto__:",
  "&lt;script&gt;",
];

for (const text of HOSTILE) {
  test(`shows ${JSON.stringify(text)} as harmless text`, () => {
    const tokens = everyToken(parse(text));

    for (const token of tokens) {
      if (token.url) assert.match(token.url, /^https?:\/\//);
      assert.ok(typeof (token.text ?? "") === "string");
    }
  });
}

test("what is no entity stays to be read, brackets and all", () => {
  assert.equal(short(parse("<script>x</script>")), "lines(<script>x</script>)");
  assert.equal(short(parse("<javascript:alert(1)|click>")), "lines(<javascript:alert(1)|click>)");
});

test("only http and https are addresses", () => {
  assert.equal(webAddress("https://example.com/"), "https://example.com/");
  for (const bad of [
    "javascript:1",
    "data:,x",
    "ftp://example.com/",
    "//example.com",
    "",
    null,
    "http://",
  ]) {
    assert.equal(webAddress(bad), null);
  }
});

test("each escape is undone once", () => {
  assert.equal(unescape("&amp;amp; &lt;&gt; &quot;"), "&amp; <> &quot;");
});

const LONG = 40_000;
const COSTLY = {
  "opened angles": "<".repeat(LONG),
  "opened angles with one end": `${"<a".repeat(LONG / 2)}>`,
  "angles of nothing": "<>".repeat(LONG / 2),
  "stars that open": "*a ".repeat(LONG / 3),
  "stars that close": `${"*a ".repeat(LONG / 3)}${"a* ".repeat(LONG / 3)}`,
  "all marks": "*_~".repeat(LONG / 3),
  "marks that pair": "*a* ".repeat(LONG / 4),
  "nested marks": "*_~x~_* ".repeat(LONG / 8),
  backticks: "`".repeat(LONG),
  "backticks that pair": "`a` ".repeat(LONG / 4),
  fences: "```".repeat(LONG / 3),
  "fences that pair": "```a```".repeat(LONG / 7),
  "an open fence after many": `${"```a```".repeat(LONG / 8)}\`\`\``,
  addresses: "http://".repeat(LONG / 7),
  colons: ":".repeat(LONG),
  names: ":a".repeat(LONG / 2),
  entities: "&amp;".repeat(LONG / 5),
  lines: "\n".repeat(LONG),
  quotes: ">\n".repeat(LONG / 2),
  "quotes and lines in turn": "> a\nb\n".repeat(LONG / 6),
  "one word": "x".repeat(LONG),
};

for (const [name, text] of Object.entries(COSTLY)) {
  test(`reads 40,000 characters of ${name} at once`, () => {
    const start = performance.now();
    const tokens = parse(text);

    assert.ok(tokens.length > 0);
    assert.ok(performance.now() - start < QUICK_MS);
  });
}

test("no text is lost: what is shown of unmarked text is the text", () => {
  const text = "a * b _ c ~ d < e > f & g : h";

  assert.equal(short(parseInline(text)), text);
});

test("random text never throws and never makes another kind of link", () => {
  const alphabet = [
    "*",
    "_",
    "~",
    "`",
    "<",
    ">",
    "|",
    "&lt;",
    "&",
    "@U1",
    "#C1",
    "!here",
    "!date^1^{date}",
    "https://e.com",
    "javascript:x",
    " ",
    "\n",
    "a",
    "🛟",
    ":x:",
    "```",
    "\u0000",
    "\u202e",
  ];
  let seed = 7;
  const next = () => (seed = (seed * 1103515245 + 12345) % 2147483648);
  for (let round = 0; round < 3000; round += 1) {
    const text = Array.from({ length: next() % 24 }, () => alphabet[next() % alphabet.length]).join(
      "",
    );
    for (const token of everyToken(parse(text))) if (token.url) assert.match(token.url, /^https?:/);
  }
});
