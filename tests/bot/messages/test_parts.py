"""How a message is made to fit: what is cut first, and how that is said."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.messages import parts, tables
from bot.messages.model import ActionId
from bot.messages.parts import Listed, Pressed, Said, message
from tests.bot.messages import inspected


def lines_of(count: int) -> list[str]:
    return [f"line {i} {'x' * 60}" for i in range(count)]


@given(lengths=st.lists(st.integers(0, 10_000), max_size=20), most=st.integers(0, 10_000))
def test_shares_never_exceed_the_whole_nor_what_is_needed(lengths: list[int], most: int):
    rooms = parts.shares(lengths, most)

    assert sum(rooms) <= max(most, 0)
    assert all(room <= length for room, length in zip(rooms, lengths, strict=True))
    assert rooms == lengths or sum(rooms) > most - len(lengths) - 1


def test_short_sentences_are_kept_when_a_long_one_is_cut():
    assert parts.shares([10, 5_000, 20], 1_000) == [10, 970, 20]


def test_what_fits_is_said_whole_in_blocks_and_text():
    made = message(
        [Said("*one*"), Listed(["a", "b"], "letters"), parts.small("quiet", "", "words")]
    )

    assert made.text == "*one*\na\nb\nquiet · words"
    assert [block["type"] for block in made.blocks] == ["section", "section", "context"]


def test_lists_are_cut_before_sentences_and_say_how_many_more_there_are():
    made = message([Said("First."), Listed(lines_of(1_000), "tables"), Said("The way back.")])

    assert made.text.startswith("First.\nline 0 ")
    assert made.text.endswith("more tables\nThe way back.")
    assert inspected.past_limits(made) == []


def test_every_line_is_either_shown_or_counted():
    made = message([Listed(lines_of(777), "tables", left_out=23)])
    shown = made.text.count("line ")

    assert made.text.splitlines()[-1] == f"… and {800 - shown:,} more tables"


def test_two_long_lists_share_the_room():
    long = lines_of(1_000)

    made = message([Listed(long, "findings"), Listed(long, "tables")])

    assert "more findings" in made.text
    assert "more tables" in made.text
    assert made.text.count("line ") > 30


def test_a_table_that_is_split_has_its_heading_in_each_piece():
    made = message([Listed(lines_of(100), "tables", heading="table  rows")])

    sections = [block["text"]["text"] for block in made.blocks]
    assert len(sections) > 2
    assert all(each.startswith("```\ntable  rows\n") for each in sections)
    assert all(len(each) <= 3_000 for each in sections)


def test_an_empty_list_says_nothing():
    assert message([Said("x"), Listed((), "tables", heading="table")]).text == "x"


def test_a_list_that_has_no_room_at_all_is_counted():
    made = message([*(Said("y" * 3_000) for _ in range(9)), Listed(["z" * 900] * 5, "tables")])

    assert made.text.splitlines()[-1] == "5 tables"


def test_there_are_never_more_than_fifty_blocks():
    assert len(message([Said(f"{i}") for i in range(80)]).blocks) == 50


def test_a_value_that_slack_can_not_carry_makes_no_button():
    assert parts.button("Show", ActionId.BACKUP_SHOW, "x" * 2_001) is None
    assert parts.menu(ActionId.BACKUP_MENU, [("Show", "show " + "x" * 150)]) is None
    assert message([Said("x"), Pressed([None])]).blocks[-1]["type"] == "section"


def test_only_what_could_ever_be_shown_is_put_into_words():
    asked = []

    made = parts.listed(lambda n: asked.append(n) or str(n), range(100_000), "numbers")

    assert len(asked) == parts.LINES_MAX
    assert len(made.lines) + made.left_out == 100_000


def test_columns_are_level_and_numbers_end_level():
    rows = [("table", "rows"), ("npd", "1,000"), ("日本", "7")]

    assert tables.columns(rows, right={1}) == [
        "table   rows",
        "npd    1,000",
        "日本       7",
    ]


def test_a_cell_can_not_leave_the_table():
    made = tables.table(("table", "rows"), [("```<!channel>\n", "1")], count=1, what="tables")

    assert made.lines == ["ˋˋˋ&lt;!channel&gt;  1"]


def test_of_very_many_rows_the_rest_is_counted():
    rows = ((f"t{i}", "1") for i in range(10_000))

    made = tables.table(("table", "rows"), rows, count=10_000, what="tables")

    assert len(made.lines) + made.left_out == 10_000
