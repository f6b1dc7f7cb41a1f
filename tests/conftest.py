"""For every test: a property is about what is true, not about how long this machine took.

Hypothesis gives an example 200 ms of wall time unless told otherwise, which a busy machine breaks.
A test with processes, sockets or a browser of its own is tried up to thrice more before it fails;
the report counts those that needed it. A real defect fails each time.

Most tests wait for processes and sockets half of their time, so `-n auto` means three of them for
every two cores.
"""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.postgres import Postgres, postgres

settings.register_profile("house", deadline=None)
settings.load_profile("house")


REAL_PARTS = {"approvals", "browser", "journeys", "slack"}


def pytest_xdist_auto_num_workers() -> int:
    return max(2, (os.cpu_count() or 1) * 3 // 2)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        real = bool(REAL_PARTS & set(item.path.parts))
        real = real or item.path.name.startswith("test_s3")
        if real or item.get_closest_marker("slow") is not None:
            item.add_marker(pytest.mark.flaky(reruns=3))


@pytest.fixture(scope="session")
def database_server() -> Iterator[Postgres]:
    """A real PostgreSQL that the tests of this process share; each makes a database of its own."""
    with postgres() as server:
        yield server
