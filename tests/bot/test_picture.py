"""The picture of a summary: it decodes, shows what it should, and is legible on light and dark."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from PIL import Image, ImageColor

from bot import picture, summary_picture, summary_words
from bot.picture import Course, Line, Point
from bot.summary_picture import POINTS_MAX, drawing
from bot.summary_words import Hand
from tests.bot import summary_facts
from tests.bot.terminal_events import NOW

WHITE, DARK = (255, 255, 255), (0x1A, 0x1D, 0x21)
LEGIBLE = 3.0  # WCAG's contrast for large text and for what a picture is made of.
HAND = Hand(lambda at: f"{at:%Y-%m-%d}", str)


def drawn(course: Course) -> Image.Image:
    return Image.open(io.BytesIO(picture.png(course))).convert("RGBA")


def light(colour: tuple[int, ...]) -> float:
    parts = [c / 255 for c in colour[:3]]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    high, low = sorted((light(one), light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colour", [picture.INK, picture.FAILED, *picture.LINES])
def test_every_colour_stands_out_from_white_and_from_dark(colour: str):
    rgb = ImageColor.getrgb(colour)

    assert contrast(rgb, WHITE) >= LEGIBLE
    assert contrast(rgb, DARK) >= LEGIBLE


def test_it_shows_the_line_and_marks_what_failed_on_any_background():
    told = drawing(summary_facts.failures())
    assert told is not None
    image = drawn(told.course)
    colours = {colour[:3] for _, colour in image.getcolors(1 << 20) or ()}

    assert image.size == (1200, 690)
    assert image.getpixel((2, 680))[3] == 0  # See-through.
    for wanted in (picture.FAILED, picture.LINES[0], picture.LINES[1]):
        assert ImageColor.getrgb(wanted) in colours


def test_nothing_is_marked_where_nothing_failed():
    told = drawing(summary_facts.told())
    assert told is not None
    colours = {colour[:3] for _, colour in drawn(told.course).getcolors(1 << 20) or ()}

    assert ImageColor.getrgb(picture.FAILED) not in colours


def test_odd_courses_are_drawn_too():
    only_failed = Line("$x_1^{", (Point(NOW, None, None),))
    huge = Line("d" * 40, (Point(NOW, 10**15, 10.0**7), Point(NOW - timedelta(days=9), 0, 0.0)))

    assert drawn(Course(NOW, ())).size == (1200, 690)
    assert drawn(Course(NOW, (only_failed, huge))).size == (1200, 690)


def test_what_it_shows_stands_in_its_words():
    told = drawing(summary_facts.failures())
    assert told is not None
    lines = list(summary_words.course(summary_facts.failures(), HAND))

    assert all(line in told.alt for line in lines)
    assert "28 backups, 2 failed" in told.alt


def test_there_is_none_where_there_is_nothing_to_see():
    assert drawing(summary_facts.nothing_yet()) is None
    assert drawing(summary_facts.vault_lost()) is None


def test_a_busy_month_is_thinned_and_keeps_its_failures_and_its_newest():
    course = summary_facts.course(5_000, failed=(17, 4_001))
    few = summary_picture._few(course)

    assert len(few) <= POINTS_MAX + 2
    assert sum(each.failed for each in few) == 2
    assert few[-1] == course[-1]
