"""The QR code of the recovery kit, read back from its half blocks."""

import segno
from hypothesis import given
from hypothesis import strategies as st

from commands.kit_code import HALVES, QUIET, drawn

UPPER_LOWER = {drawn: pair for pair, drawn in HALVES.items()}


def read_back(lines: list[str], width: int) -> list[list[bool]]:
    rows: list[list[bool]] = []
    for line in lines:
        pairs = [UPPER_LOWER[each] for each in line.ljust(width)]
        rows += [[upper for upper, _ in pairs], [lower for _, lower in pairs]]
    return rows


@given(st.text(min_size=1, max_size=400))
def test_every_module_of_the_code_is_drawn_where_it_belongs(text: str):
    code = segno.make(text, error="m", micro=False)
    wanted = [[bool(module) for module in row] for row in code.matrix_iter(border=QUIET)]

    assert read_back(list(drawn(text)), len(wanted[0]))[: len(wanted)] == wanted


def test_a_bucket_and_two_keys_fit_on_a_page():
    key = "age15ge9dm2hz888vagmrcjupc2zmw0pt24dc83fhtgm36wwgszdjq4smtwnw3"
    lines = list(drawn(f"Lifeboat\nlocal: /srv/lifeboat\nsecond: s3://our-backups/x\n{key}\n{key}"))

    assert len(lines) <= 40
    assert max(map(len, lines)) <= 80
