"""What of the npm registry's packages is written down, so that every machine gets the same."""

import json

from tests.node_cli import HERE

LOCK = json.loads((HERE / "package-lock.json").read_text())


def test_the_convex_cli_is_pinned_exactly() -> None:
    wanted = json.loads((HERE / "package.json").read_text())["dependencies"]

    assert wanted == {"convex": "1.48.0"}
    assert LOCK["packages"]["node_modules/convex"]["version"] == "1.48.0"


def test_the_lock_names_no_registry_and_a_checksum_for_every_package() -> None:
    packages = {name: one for name, one in LOCK["packages"].items() if name}

    assert packages
    assert not [name for name, one in packages.items() if "resolved" in one]
    assert all(one["integrity"].startswith("sha512-") for one in packages.values())
