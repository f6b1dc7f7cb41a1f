"""Rows on their way in: what is refused, with which sentence, and what type a value gets."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.convex_ids import encode
from sandbox.world import Stand, World
from tests.sandbox import wire

ID = encode(10001, bytes(range(16)))
OTHER = encode(10002, bytes(16))


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    folder: Path = tmp_path_factory.mktemp("rows")
    with World(folder, deployments=("production",), seed="empty") as world:
        yield world["production"]


def kept(here: Stand, line: bytes | str, schema: str | None = '"uniform"\n') -> str:
    """What becomes of one row of a table `t`: the line in the next export, or the error."""
    upload = {"_tables/documents.jsonl": '{"name":"t","id":10001}\n', "t/documents.jsonl": line}
    if schema is not None:
        upload["t/generated_schema.jsonl"] = schema
    state = wire.restore(here, wire.archive(upload), "replaceAll")
    if state["state"] == "failed":
        return str(state["error_message"])
    return wire.snapshot(here)["t/documents.jsonl"].decode()


def test_a_row_comes_back_byte_for_byte(here: Stand) -> None:
    line = (
        f'{{"_creationTime":1762000000000.25,"_id":"{ID}","a":-0.0,"b":1e300,"c":5e-324,"d":5.0,'
        '"e":5,"f":{"$float":"AAAAAAAA+H8="},"g":{"$bytes":"AAECAwT//v0="},"h":"naïve 字 \\n",'
        '"i":9223372036854775807,"j":[null,true,{}]}\n'
    )

    assert kept(here, line) == line


def test_keys_are_put_in_order(here: Stand) -> None:
    line = f'{{"b": 1, "_id": "{ID}", "B": [2], "_creationTime": 1.5}}\n'

    assert kept(here, line) == f'{{"B":[2],"_creationTime":1.5,"_id":"{ID}","b":1}}\n'


def test_a_missing_id_and_time_are_given(here: Stand) -> None:
    row = json.loads(kept(here, '{"a":1}\n'))

    assert row["a"] == 1
    assert isinstance(row["_creationTime"], float)
    assert len(row["_id"]) == 32


def test_a_last_line_without_its_end_is_a_row(here: Stand) -> None:
    assert kept(here, f'{{"_creationTime":1.5,"_id":"{ID}"}}').count("\n") == 1


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("\n", "Row 1 wasn't valid JSON"),
        ('{"a":1}\n\n', "Row 2 wasn't valid JSON"),
        ('{"a":1}\n{"a":\n', "Row 2 wasn't valid JSON"),
        ('{"a":NaN}\n', "Row 1 wasn't valid JSON"),
        (b'{"a":"\xff"}\n', "Import wasn't valid UTF8"),
        ("[1]\n", "Row 1 wasn't an object"),
        ('{"_creationTime":1762000000000}\n', "_creationTime field is not a number"),
        ('{"_id":"nonsense"}\n', "is not a valid document ID"),
        (f'{{"_id":"{ID[:-1]}{"0" if ID[-1] != "0" else "1"}"}}\n', "is not a valid document ID"),
        (f'{{"_id":"{OTHER}"}}\n', "cannot be imported into 't'"),
        ('{"a":{"$integer":"x"}}\n', "Row 1 wasn't a valid Convex value"),
        ('{"a":{"$bytes":"?"}}\n', "Row 1 wasn't a valid Convex value"),
        ('{"a":{"$float":"AA=="}}\n', "Row 1 wasn't a valid Convex value"),
        ('{"a":99999999999999999999999}\n', "Row 1 wasn't a valid Convex value"),
    ],
)
def test_a_wrong_row_is_refused_in_the_words_of_convex(
    here: Stand, line: bytes | str, sentence: str
) -> None:
    told = kept(here, line)

    assert told.startswith("Hit an error while importing:\n")
    assert sentence in told


def test_without_a_schema_every_number_is_a_float(here: Stand) -> None:
    row = kept(here, f'{{"_creationTime":1,"_id":"{ID}","a":[5],"b":5.5}}\n', schema=None)

    assert row == f'{{"_creationTime":1.0,"_id":"{ID}","a":[5.0],"b":5.5}}\n'


def test_a_legacy_row_is_read_by_its_context(here: Stand) -> None:
    line = (
        f'{{"_creationTime":1.5,"_id":"{ID}","i":"7","s":"7","x":"-Infinity","y":["AAE=",2.0]}}\n'
    )
    context = {ID: {"i": "int64", "x": "float64inf", "y": ["bytes", "infer"]}}
    row = kept(here, line, schema='"unknown"\n' + json.dumps(context) + "\n")

    assert row == (
        f'{{"_creationTime":1.5,"_id":"{ID}","i":7,"s":"7","x":{{"$float":"AAAAAAAA8P8="}},'
        '"y":[{"$bytes":"AAE="},2.0]}\n'
    )


def test_an_invalid_table_name_is_refused(here: Stand) -> None:
    state = wire.restore(here, wire.archive({"a-b/documents.jsonl": ""}), "replace")

    assert "table name 'a-b' invalid" in state["error_message"]


def test_json_lines_with_a_byte_order_mark_are_refused(here: Stand) -> None:
    upload = b'\xef\xbb\xbf{"a":1}\n'
    state = wire.restore(here, upload, "replace", format="jsonLines", tableName="t")

    assert "UTF-8 BOM is not supported" in state["error_message"]


@pytest.mark.parametrize(
    ("form", "upload"),
    [
        ("jsonLines", b'{"a":1,"b":"x"}\n{"a":2,"b":"y"}\n'),
        ("jsonArray", b'[{"a":1,"b":"x"},{"a":2,"b":"y"}]'),
        ("csv", b"a, b\n1,x\n2,y\n"),
    ],
)
def test_one_table_comes_in_three_other_formats(here: Stand, form: str, upload: bytes) -> None:
    wire.restore(here, upload, "replaceAll", format=form, tableName="t")
    rows = map(json.loads, wire.snapshot(here)["t/documents.jsonl"].splitlines())

    assert sorted((row["a"], row["b"]) for row in rows) == [(1.0, "x"), (2.0, "y")]


def test_a_csv_row_with_a_cell_too_few_is_refused(here: Stand) -> None:
    state = wire.restore(here, b"a,b\n1\n", "replace", format="csv", tableName="t")

    assert "CSV row 1 doesn't have all of the fields" in state["error_message"]


def test_what_is_not_an_array_is_refused_as_one(here: Stand) -> None:
    state = wire.restore(here, b'{"a":1}', "replace", format="jsonArray", tableName="t")

    assert state["error_message"].endswith("Not a JSON array")
