"""The engine's library asks a new Python for a new SQLite: said before anything is begun."""

from __future__ import annotations

import sqlite3
import sys

import pytest

from bot.jobs import check_sqlite
from storage.errors import Refused


@pytest.mark.parametrize(
    ("python", "sqlite"), [((3, 11), (3, 40)), ((3, 12), (3, 42)), ((3, 14), (3, 50))]
)
def test_what_goes_together_is_let_pass(python: tuple[int, int], sqlite: tuple[int, int]):
    check_sqlite(python, sqlite)


def test_a_new_python_with_an_old_sqlite_is_refused_with_what_to_do():
    with pytest.raises(Refused) as refused:
        check_sqlite((3, 12), (3, 40))

    assert "SQLite 3.40" in refused.value.what
    assert "Python 3.11" in refused.value.hint


def test_this_python_can_run_the_bot():
    check_sqlite(sys.version_info[:2], sqlite3.sqlite_version_info[:2])
