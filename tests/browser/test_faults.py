"""What looks for faults of a page finds them, each by its own; a check that can't fail is none."""

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.faults import faults

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]
HEAD = (
    '<!doctype html><html lang="en"><meta name="viewport" content="width=device-width">'
    '<body style="margin:0; background:#fff; color:#222; font:16px sans-serif">'
)
GOOD = '<main><button style="padding:9px">Back up</button> <p>A backup of production</p></main>'
BAD = {
    "no name: - button": "<button><svg></svg></button>",
    "no name: - img": '<img src="data:,">',
    "no name: - textbox": "<textarea></textarea>",
    "an id twice": '<p id="one">one</p><p id="one">two</p>',
    "aria-controls leads nowhere": '<button aria-controls="gone">Open</button>',
    "its own order of tabs": '<a href="#" tabindex="3">first</a>',
    "too faint (2.8)": '<p style="color:#999">hardly there</p>',
    "too faint (1.4)": '<p style="background:#222; color:rgb(255 255 255 / 10%)">nor this</p>',
    "cut off (0 to 800)": '<p style="width:800px">wide</p>',
    "too small to touch (16×16)": '<button style="width:16px; height:16px; padding:0">x</button>',
}


@pytest.fixture
def page(browser: Browser):
    context = browser.new_context(viewport={"width": 390, "height": 844})
    yield context.new_page()
    context.close()


def test_a_good_page_has_no_faults(page: Page):
    page.set_content(HEAD + GOOD)

    assert faults(page, phone=True) == []


def test_every_fault_is_found(page: Page):
    page.set_content(HEAD + GOOD + "".join(BAD.values()))
    found = faults(page, phone=True)

    assert [fault for fault in BAD if not any(one.startswith(fault) for one in found)] == []


def test_a_page_with_nothing_to_look_at_is_no_good_page(page: Page):
    with pytest.raises(AssertionError):
        faults(page)
