// Pictures and uploaded files. Only this server's own are fetched; others are named, not loaded.

import { h, icon } from "./dom.js";
import { webAddress } from "./mrkdwn.js";
import { outward } from "./prose.js";

/** The address if it is this server's own (or a picture in the address itself), else null. */
export function ownAddress(address) {
  const text = String(address ?? "");
  if (/^data:image\/(png|gif|jpeg|webp);base64,/i.test(text)) return text;
  try {
    const url = new URL(text, location.href);
    return url.origin === location.origin ? url.href : null;
  } catch {
    return null;
  }
}

function source(spec, scope) {
  const file = spec.slack_file;
  if (!file) return ownAddress(spec.image_url);
  const known = scope.files?.get(file.id);
  if (known) return ownAddress(known.url);
  return ownAddress(file.url ?? `/files/${encodeURIComponent(file.id)}/image`);
}

/** An image element or block's picture, or what it would show when it isn't here. */
export function picture(spec, scope, shape) {
  const alt = String(spec.alt_text ?? "");
  const own = source(spec, scope);
  const image =
    own &&
    h("img", {
      class: shape,
      src: own,
      alt,
      title: alt,
      loading: "lazy",
      decoding: "async",
      on: { error: (event) => event.target.replaceWith(missing(spec, alt)) },
    });
  return image || missing(spec, alt);
}

function missing(spec, alt) {
  const away = webAddress(spec.image_url);
  const label = [icon("file"), h("span", null, alt || "image")];
  const title = "Nothing is fetched from outside this stand-in";
  return away
    ? outward(away, { class: "missing", title }, label)
    : h("span", { class: "missing" }, label);
}

/** An uploaded file under its message: a picture is shown, anything can be saved. */
export function uploaded(file) {
  const url = ownAddress(file.url);
  const isImage = /^image\/(png|jpe?g|gif|webp|svg\+xml)$/.test(file.mimetype ?? "");
  const caption = h(
    "figcaption",
    null,
    h("span", { class: "file-name" }, String(file.name ?? "file")),
    h("span", { class: "file-size" }, size(file.size)),
    url ? h("a", { href: url, download: String(file.name ?? "file") }, "Download") : null,
  );
  const shown =
    isImage && url
      ? h(
          "a",
          { href: url, target: "_blank", rel: "noopener", class: "shot" },
          h("img", {
            src: url,
            alt: String(file.alt_txt ?? file.title ?? file.name ?? ""),
            loading: "lazy",
          }),
        )
      : h("span", { class: "file-kind" }, icon("file"));
  return h("figure", { class: isImage && url ? "upload image" : "upload" }, shown, caption);
}

/** A number of bytes in the largest unit that fits. */
export function size(bytes) {
  const count = Number(bytes);
  if (!Number.isFinite(count)) return "";
  if (count < 1000) return `${count} B`;
  const at = Math.min(Math.floor(Math.log10(count) / 3), 4);
  return `${(count / 1000 ** at).toFixed(count < 10 ** (3 * at + 1) ? 1 : 0)} ${["B", "kB", "MB", "GB", "TB"][at]}`;
}
