"""Whether the values of lifeboat.toml make sense together.

Each rule is a function of its own: the file's shape goes in, mistakes come out. What was already
told as a mistake of shape was set aside and is not told again.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bot import settings_vaults
from bot.settings_shape import DeploymentTable, File
from bot.settings_words import Mistake, Where, did_you_mean, dotted, quoted, shown

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
TABLE = re.compile(r"(?:[A-Za-z0-9_]{1,64}/)*[A-Za-z][A-Za-z0-9_]{0,63}")
NAME_HINT = "Use small letters, digits and dashes, up to 40, such as"
LIVE = ("production", "prod")
EXAMPLE = "Copy lifeboat.example.toml to lifeboat.toml and fill it in, or try `lifeboat demo`."


@dataclass(frozen=True)
class Shaped:
    """The file in its shape, and the paths of what did not fit and was taken out of it."""

    file: File
    aside: Collection[Where]

    def told(self, *where: str) -> bool:
        """Whether this, or a table around it, was set aside: its mistake has been told."""
        return any(where[: len(gone)] == gone for gone in self.aside)


def file_mistakes(shaped: Shaped) -> Iterator[Mistake]:
    """Find what is wrong with the file as a whole."""
    file = shaped.file
    if not file.deployments and not shaped.told("deployments") and not _some(shaped, "deployments"):
        yield Mistake("deployments", "No deployment is named.", EXAMPLE)
    yield from named(file.lifeboat.default_deployment, "lifeboat.default_deployment", shaped)
    if not file.vaults and not _some(shaped, "vaults"):
        yield Mistake(
            "vaults",
            "No vault is named.",
            'Add [vaults.local] with kind = "folder" and folder = "lifeboat-vault".',
        )


def deployment_mistakes(name: str, shaped: Shaped) -> Iterator[Mistake]:
    """Find what is wrong with one deployment, but for its address and the key itself."""
    where, table = ("deployments", name), shaped.file.deployments[name]
    if not NAME.fullmatch(name):
        what = f"{shown(name)} is no name for a deployment."
        yield Mistake(dotted(where), what, f"{NAME_HINT} production.")
    yield from _must_have(where, table, shaped)
    said = "protected" in table.model_fields_set or shaped.told(*where, "protected")
    if name in LIVE and not said:
        yield Mistake(
            dotted((*where, "protected")),
            f"Whether {name} is protected is not said.",
            "Say protected = true (nobody restores it alone) or protected = false.",
        )
    yield from _restore_to(name, table, shaped)
    for number, expected in enumerate(table.expected_tables or (), start=1):
        if not TABLE.fullmatch(expected):
            yield Mistake(
                dotted((*where, "expected_tables")),
                f"Item {number} is not the name of a table.",
                'Write names such as "npd", or "waitlist/entries" for a component\'s table.',
            )


def same_addresses(urls: Mapping[str, str]) -> Iterator[Mistake]:
    """Find deployments that are one and the same; `urls` is by deployment name."""
    first: dict[str, str] = {}
    for name, url in urls.items():
        other = first.setdefault(url, name)
        if other != name:
            yield Mistake(
                dotted(("deployments", name, "url")),
                f"{shown(name)} and {shown(other)} have the same address.",
                "Give each its own, or remove one of them: they would be one deployment.",
            )


def vault_mistakes(name: str, shaped: Shaped) -> Iterator[Mistake]:
    """Find what is wrong with one vault, but for where its folder lies."""
    where, table = ("vaults", name), shaped.file.vaults[name]
    if not NAME.fullmatch(name):
        what = f"{shown(name)} is no name for a vault."
        yield Mistake(dotted(where), what, f"{NAME_HINT} local.")
    if table.kind is None and not shaped.told(*where, "kind"):
        yield Mistake(dotted(where), "It has no kind.", 'Write kind = "folder" into it.')
    place = "bucket" if table.kind == "s3" else "folder"
    if getattr(table, place) is None and not shaped.told(*where, place):
        yield Mistake(dotted(where), f"It has no {place}.", f'Write {place} = "lifeboat-vault".')
    yield from settings_vaults.mistakes(where, table)


def vault_place(name: str, folder: Path, data: Path) -> Iterator[Mistake]:
    """Find a vault that lies among scratch files, or scratch files that lie in the vault."""
    if folder == data or folder.is_relative_to(data / "spool") or data.is_relative_to(folder):
        yield Mistake(
            dotted(("vaults", name, "folder")),
            "The vault and data_folder lie one in the other, and scratch files are swept.",
            'Give the vault a folder of its own, such as folder = "lifeboat-vault".',
        )


def _must_have(where: Where, table: DeploymentTable, shaped: Shaped) -> Iterator[Mistake]:
    if table.url is None and not shaped.told(*where, "url"):
        hint = 'Write url = "https://<name>.convex.cloud" into it.'
        yield Mistake(dotted(where), "It has no url.", hint)
    if table.key_env is not None and table.key_file is not None:
        hint = "Keep one of them and take the other out."
        yield Mistake(dotted(where), "It has both key_env and key_file.", hint)
    told = any(shaped.told(*where, name) for name in ("key_env", "key_file", "key"))
    if table.key_env is None and table.key_file is None and not told:
        yield Mistake(
            dotted(where),
            "It says nowhere where its key is.",
            'Write key_env = "CONVEX_DEPLOY_KEY", or key_file = "production.key".',
        )


def _restore_to(name: str, table: DeploymentTable, shaped: Shaped) -> Iterator[Mistake]:
    where, target = f"{dotted(('deployments', name))}.restore_to", table.restore_to
    if target == name:
        hint = "Name another one, such as staging."
        yield Mistake(where, "It names the deployment itself.", hint)
    elif target in shaped.file.deployments and shaped.file.deployments[target].protected:
        yield Mistake(
            where,
            f"It names {shown(target)}, which is protected.",
            "Restores go to a deployment with protected = false, such as staging.",
        )
    else:
        yield from named(target, where, shaped, but=name)


def named(name: str | None, where: str, shaped: Shaped, but: str = "") -> Iterator[Mistake]:
    """Find a deployment that is named and not there."""
    known = [shown(each) for each in shaped.file.deployments if each != but]
    if name is None or name in shaped.file.deployments or shaped.told("deployments", name):
        return
    others = f"There are: {', '.join(known)}." if known else "Add it as [deployments.<name>]."
    called = f" called {quoted(name)}" if NAME.fullmatch(name) else " of that name"
    yield Mistake(where, f"There is no deployment{called}.", did_you_mean(name, known, others))


def _some(shaped: Shaped, table: str) -> bool:
    return any(where[:1] == (table,) for where in shaped.aside)
