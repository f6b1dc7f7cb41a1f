// The page's modules, for tests: `import { parse } from "./page.mjs"` would hide which file is meant,
// so this only says where they are.

export const PAGE = new URL("../../../sandbox/page/", import.meta.url);

/** The module of one of the page's files. */
export function load(name) {
  return import(new URL(name, PAGE));
}
