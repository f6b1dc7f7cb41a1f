"""Archives in the encoding from before March 2026: what they look like, and that they come back."""

import json
import math
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sandbox.convex_formats import from_export, written
from sandbox.convex_legacy import joined, split
from sandbox.world import World
from tests.sandbox import wire

NAMES = st.text("abcXYZ_", min_size=1)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats()
    | st.text()
    | st.binary(),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(NAMES, inside, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(NAMES, VALUES))
def test_a_row_comes_back_from_its_clean_form_and_its_context(row: dict[str, Any]) -> None:
    text = json.dumps(written(row, "export_json"))
    clean, context = split(text)
    again = joined(json.loads(clean), context or "infer")

    assert json.dumps(written(again, "export_json")) == json.dumps(
        written(from_export(text), "export_json")
    )


def test_a_row_that_needs_no_context_has_none() -> None:
    assert split('{"a":1.5,"b":"x","c":[true,null]}') == ('{"a":1.5,"b":"x","c":[true,null]}', None)


def test_contexts_name_what_json_loses() -> None:
    clean, context = split(
        '{"a":7,"b":{"$bytes":"AAE="},"c":{"$float":"AAAAAAAA8H8="},"d":[1.0,2],"e":"x"}'
    )

    assert clean == '{"a":"7","b":"AAE=","c":"Infinity","d":[1.0,"2"],"e":"x"}'
    assert context == {
        "a": "int64",
        "b": "bytes",
        "c": "float64inf",
        "d": ["infer", "int64"],
        "e": "infer",
    }


def test_a_nan_keeps_its_bits() -> None:
    text = '{"a":{"$float":"AQAAAAAA+H8="}}'
    clean, context = split(text)
    again = written(joined(json.loads(clean), context), "export_json")

    assert clean == '{"a":"NaN"}'
    assert math.isnan(from_export(text)["a"])
    assert again == json.loads(text)


def test_a_legacy_archive_has_its_schemas_before_the_rows_and_restores_whole(
    tmp_path: Path,
) -> None:
    with World(tmp_path / "a", deployments=("production",), seed="small") as world:
        modern = wire.snapshot(world["production"])
    folder = tmp_path / "b"
    with World(folder, deployments=("production",), seed="small", encoding="legacy") as world:
        here = world["production"]
        upload = wire.download(here, wire.export(here))
        legacy = wire.entries(upload)
        names = list(legacy)
    with World(tmp_path / "c", deployments=("production",), seed="empty") as world:
        wire.restore(world["production"], upload, "replaceAll")
        again = wire.snapshot(world["production"])

    assert names.index("npd/generated_schema.jsonl") == names.index("npd/documents.jsonl") - 1
    assert legacy["npd/generated_schema.jsonl"].startswith(b'"unknown"\n')
    assert legacy["drafts/generated_schema.jsonl"] == b'"never"\n'
    assert {n: b for n, b in again.items() if "_storage" not in n} == {
        n: b for n, b in modern.items() if "_storage" not in n
    }
