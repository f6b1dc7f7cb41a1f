import base64
import hashlib
import json
import time

import pytest

from sandbox import seed
from sandbox.seed_ids import Ids

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
NUMBERS = {540, *range(10001, 10010)}


def everything(plan: seed.Seed) -> list[tuple[str, str, list[seed.SeedRow]]]:
    return [(table.component, table.name, list(table.rows())) for table in plan.tables]


def number_of(id_: str) -> int:
    """The table number in an id; 0 when it is no id, by its last two bytes."""
    raw = 0
    for letter in id_:
        raw = raw * 32 + ALPHABET.index(letter)
    body = raw.to_bytes(20, "big")
    low = high = 0
    for byte in body[:18]:
        low = low + byte & 255
        high = high + low & 255
    return (body[0] & 0x7F) | body[1] << 7 if body[18:] == bytes((low, high)) else 0


def every_id(value: object) -> list[str]:
    """Strings in the document that are ids of a seeded table, by their shape and number."""
    if isinstance(value, str):
        shaped = len(value) == 32 and set(value) <= set(ALPHABET)
        return [value] if shaped and number_of(value) in NUMBERS else []
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [id_ for part in inside for id_ in every_id(part)]


def test_ids_are_those_of_convex() -> None:
    ids = Ids("any", 10001)

    assert ids.of(bytes([255] * 16)) == "j57fzzzzzzzzzzzzzzzzzzzzzzzzzkyr"
    assert ids.of(bytes(range(16))) == "j57000820c20a1g7104gm2rc1m70ynr8"


@pytest.mark.parametrize("number", [1, 127, 16384])
def test_a_table_number_that_would_change_the_length_of_ids_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match="two bytes"):
        Ids("any", number)


def test_the_same_seed_number_gives_the_same_rows_byte_for_byte() -> None:
    told = repr(everything(seed.plan("small"))) + repr(list(seed.plan("small").files()))

    # Written down, so that another Python or another machine is caught too.
    assert hashlib.sha256(told.encode()).hexdigest()[:16] == "f7ef913fa63720f1"


def test_another_seed_number_gives_other_rows() -> None:
    first, second = seed.plan("small", number=1), seed.plan("small", number=2)
    ids = [{row[0] for _, _, rows in everything(one) for row in rows} for one in (first, second)]

    assert not ids[0] & ids[1]


def test_every_row_is_strict_json_with_keys_in_byte_order() -> None:
    def sorted_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
        keys = [key.encode() for key, _ in pairs]

        assert keys == sorted(set(keys))
        return dict(pairs)

    for _, _, rows in everything(seed.plan("small")) + everything(seed.plan("medium"))[:2]:
        for id_, at, text in rows:
            row = json.loads(text, object_pairs_hook=sorted_keys)

            assert row["_id"] == id_
            assert row["_creationTime"] == at
            assert isinstance(row["_creationTime"], float)
            assert json.dumps(row, ensure_ascii=False, separators=(",", ":")) == text


def test_every_id_carries_the_number_of_its_table() -> None:
    for shift in (0, 100):
        for table in seed.plan("small", shift=shift).tables:
            assert {number_of(row[0]) for row in table.rows()} <= {table.number}


def test_a_table_says_how_many_rows_it_gives_and_gives_them_in_order_of_creation() -> None:
    for deployment in ("production", "staging"):
        for table in seed.plan("small", deployment=deployment).tables:
            times = [row[1] for row in table.rows()]

            assert len(times) == table.documents
            assert times == sorted(times)


def test_every_reference_of_production_leads_to_a_row_or_a_file() -> None:
    plan = seed.plan("small")
    rows = [json.loads(row[2]) for _, _, rows in everything(plan) for row in rows]
    there = {row["_id"] for row in rows} | {file.id for file in plan.files()}

    named = {id_ for row in rows for id_ in every_id(row)}

    assert named <= there
    assert len(rows) > 200


def test_the_odd_values_of_convex_are_all_there() -> None:
    text = "".join(row[2] for _, name, rows in everything(seed.plan("small")) for row in rows)

    for oddity in ("9223372036854775807", ":-0.0", '"$float"', '"$bytes"', "5e-324", "𝛑", "\u2028"):
        assert oddity in text


def test_stored_files_match_their_checksums_and_pdfs_are_pdfs() -> None:
    files = list(seed.plan("small").files())

    for file in files:
        assert base64.b64decode(file.sha256) == hashlib.sha256(file.body).digest()
        assert number_of(file.id) == 540
        if file.content_type == "application/pdf":
            start = int(file.body.split(b"startxref\n")[1].split(b"\n")[0])

            assert file.body.startswith(b"%PDF-1.4")
            assert file.body[start:].startswith(b"xref")
    assert {file.content_type for file in files} == {"application/pdf", "image/png", None}
    assert {file.component for file in files} == {"", "waitlist"}


def test_staging_has_fewer_rows_of_which_most_are_productions() -> None:
    production, staging = seed.plan("small"), seed.plan("small", deployment="staging")
    here = {row[0] for _, _, rows in everything(production) for row in rows}
    there = {row[0] for _, _, rows in everything(staging) for row in rows}

    assert len(there) < len(here)
    assert len(here & there) > len(there) / 2
    assert there - here
    assert [t.number for t in staging.tables] == [t.number for t in production.tables]


def test_every_attachment_of_staging_has_its_file() -> None:
    plan = seed.plan("small", deployment="staging")
    stored = {file.id for file in plan.files()}
    rows = next(table for table in plan.tables if table.name == "attachments").rows()

    assert all(json.loads(row[2])["storageId"] in stored for row in rows)


def test_an_empty_deployment_has_a_root_and_nothing_else() -> None:
    plan = seed.plan("empty")

    assert plan.components == ("",)
    assert plan.tables == ()
    assert list(plan.files()) == []


def test_a_size_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(ValueError, match="empty, small, medium, large"):
        seed.plan("huge")


def test_medium_is_about_55_thousand_documents_and_50_megabytes_told_quickly() -> None:
    began = time.process_time()
    rows = [len(row[2]) for table in seed.plan("medium").tables for row in table.rows()]
    took = time.process_time() - began

    assert 50_000 < len(rows) < 60_000
    assert 45e6 < sum(rows) < 60e6
    assert took < 6


def test_large_is_a_million_documents() -> None:
    assert sum(table.documents for table in seed.plan("large").tables) >= 1_000_000
