import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./page.mjs";

const { ago, dayOf, formatDate, inFull, readersLocale } = await load("time.js");

const AT = 1795562337; // 2026-11-24 23:18:57 UTC, the next morning in Jakarta.
const JAKARTA = { locale: "en-GB", zone: "Asia/Jakarta", now: AT * 1000 + 90_000 };

for (const [format, wanted] of [
  ["{date_num} {time_secs}", "2026-11-25 6:18:57"],
  ["{date}", "25 November 2026"],
  ["{date_short}", "25 Nov 2026"],
  ["{date_long}", "Wednesday 25 November 2026"],
  ["{date_short_pretty} at {time}", "today at 6:18"],
  ["{ago}", "1 minute ago"],
  ["{nonsense} {__proto__} {time}", "{nonsense} {__proto__} 6:18"],
]) {
  test(`${format} is the reader's own ${wanted}`, () => {
    assert.equal(formatDate(AT, format, JAKARTA).replaceAll(",", ""), wanted);
  });
}

test("the same moment has another day in another zone", () => {
  assert.equal(formatDate(AT, "{date_num}", { ...JAKARTA, zone: "UTC" }), "2026-11-24");
});

test("what is no moment has no date", () => {
  assert.deepEqual(
    ["x", "1e99", undefined, Number.NaN].map((epoch) => formatDate(epoch, "{date}", JAKARTA)),
    [null, null, null, null],
  );
});

test("the title has the reader's zone and UTC", () => {
  const full = inFull(AT * 1000, JAKARTA);

  assert.match(full, /06:18:57 \(Asia\/Jakarta\)\n2026-11-24 23:18:57 UTC$/);
});

test("days are named as people name them", () => {
  assert.equal(dayOf(String(AT), JAKARTA).words, "Today");
  assert.equal(dayOf(String(AT - 86_400), JAKARTA).words, "Yesterday");
  assert.equal(dayOf("nonsense", JAKARTA).key, "");
});

test("time to come is told, too", () => {
  assert.equal(ago((AT + 3_700) * 1000, { ...JAKARTA, now: AT * 1000 }), "in 1 hour");
});

test("words are English, the order of the day and the month is the region's", () => {
  assert.deepEqual(["de", "en-US", "id", "xx-invalid-language-tag"].map(readersLocale), [
    "en-DE",
    "en-US",
    "en-ID",
    "en-GB",
  ]);
});
