"""The pictures of docs/pictures/ are small, of one size, and packed without losing a pixel."""

import base64
import re
import struct

import pytest
from playwright.sync_api import Browser

from tests.browser.pictures import BYTES_MAX, PICTURES, ROOT
from tests.browser.png import packed
from tests.browser.seat import WINDOW

TEXT = (
    '<body style="font:15px sans-serif; background:linear-gradient(#fff, #cde)">'
    "<p>Backup taken: <b>production-2026-11-25-0028</b> “before the migration”</p>" * 9
)
PIXELS = """
async (png) => {
  const picture = new Image();
  picture.src = `data:image/png;base64,${png}`;
  await picture.decode();
  const canvas = new OffscreenCanvas(picture.width, picture.height);
  canvas.getContext("2d").drawImage(picture, 0, 0);
  const { data } = canvas.getContext("2d").getImageData(0, 0, picture.width, picture.height);
  const hash = new Uint32Array(1);
  for (const byte of data) hash[0] = Math.imul(hash[0], 31) + byte;
  return [picture.width, picture.height, hash[0]];
}
"""


@pytest.mark.parametrize("picture", sorted(PICTURES.glob("*.png")), ids=lambda path: path.name)
def test_a_picture_is_of_the_window_and_small_enough_for_a_repository(picture):
    png = picture.read_bytes()

    assert struct.unpack_from(">II", png, 16) == (WINDOW["width"], WINDOW["height"])
    assert len(png) < BYTES_MAX


def test_the_readme_shows_two_or_three_of_them():
    shown = re.findall(
        r"!\[[^\]]+\]\(docs/pictures/([a-z]+\.png)\)", (ROOT / "README.md").read_text()
    )

    assert 2 <= len(shown) <= 3
    assert set(shown) <= {path.name for path in PICTURES.glob("*.png")}


@pytest.mark.slow
@pytest.mark.xdist_group("browser")
def test_packing_changes_no_pixel(browser: Browser):
    context = browser.new_context(viewport={"width": 400, "height": 300})
    page = context.new_page()
    page.set_content(TEXT)
    png = page.screenshot()

    small = packed(png)

    seen = [page.evaluate(PIXELS, base64.b64encode(one).decode()) for one in (png, small)]
    context.close()
    assert seen[0] == seen[1]
    assert seen[0][:2] == [400, 300]
    assert small != png
