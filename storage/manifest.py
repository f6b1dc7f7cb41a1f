"""The label beside an archive: its presence in a vault means that the archive is whole.

The format is documented in docs/format.md. Unknown keys are ignored on reading, so that an older
Lifeboat can list what a newer one wrote within the same `format`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

import msgspec

from storage import typed
from storage.errors import ManifestError
from storage.finding import Finding, LookedAt

PLAIN_FORMAT, SEALED_FORMAT = 1, 2
FORMAT = SEALED_FORMAT  # The newest that is read. A plain archive is still written as 1.
FILES_LISTED_MAX = 50_000

Kind = Literal["manual", "pre-deploy", "daily", "weekly", "monthly", "safety"]
Door = Literal["terminal", "slack", "schedule"]
Encoding = Literal["uniform", "legacy", "none"]


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Shared shape of every part of a manifest: immutable, named fields only."""


class TableFacts(Facts, frozen=True, kw_only=True):
    """One table of one component. `sha256` is over the bytes of its documents.jsonl."""

    name: str
    component: str = ""  # Component path such as "waitlist/inner"; "" is the root.
    number: int
    documents: int
    bytes: int
    sha256: str
    first_creation: float | None = None  # _creationTime, milliseconds since 1970.
    last_creation: float | None = None
    encoding: Encoding = "uniform"


class FileFacts(Facts, frozen=True, kw_only=True):
    """One stored file. `sha256` is hexadecimal, over the file's own bytes."""

    id: str
    sha256: str
    bytes: int


class StorageFacts(Facts, frozen=True, kw_only=True):
    """The stored files of one component; `sha256` is over its `_storage/documents.jsonl`.

    `files` is left empty above FILES_LISTED_MAX files (`listed` is false then): the archive's own
    `_storage/documents.jsonl`, bound by `sha256`, names each one.
    """

    component: str = ""
    count: int
    bytes: int
    sha256: str
    listed: bool = True
    files: tuple[FileFacts, ...] = ()


class Contents(Facts, frozen=True, kw_only=True):
    """What one archive holds, read from its bytes."""

    tables: tuple[TableFacts, ...]
    storage: tuple[StorageFacts, ...] = ()
    components: tuple[str, ...] = ("",)

    @property
    def documents(self) -> int:
        return sum(table.documents for table in self.tables)

    @property
    def files(self) -> int:
        return sum(part.count for part in self.storage)


class SealedFacts(Facts, frozen=True, kw_only=True):
    """The ZIP inside of a sealed archive, and the public keys that it was sealed for."""

    zip_bytes: int
    zip_sha256: str
    recipients: tuple[str, ...]


class ArchiveFacts(Facts, frozen=True, kw_only=True):
    """The archive's object in the vault; `sealed` None: it is the ZIP itself."""

    name: str
    bytes: int
    sha256: str
    sealed: SealedFacts | None = None

    @property
    def zip_bytes(self) -> int:
        """How big the ZIP is that lies in the vault, sealed or not."""
        return self.sealed.zip_bytes if self.sealed else self.bytes

    @property
    def zip_sha256(self) -> str:
        """The SHA-256 of that ZIP."""
        return self.sealed.zip_sha256 if self.sealed else self.sha256


class DeploymentFacts(Facts, frozen=True, kw_only=True):
    """What the deployment told about itself; None where it would not tell."""

    name: str  # Our name, from the settings.
    url: str
    convex_name: str | None = None  # Convex's own name for it, such as happy-animal-123.
    backend_version: str | None = None
    package_version: str | None = None  # npm `convex` of the deployed code.
    info: dict[str, str] = {}
    env_names: tuple[str, ...] | None = None  # Names only, never values.
    schemas: dict[str, str] | None = None  # Component path -> active schema, JSON text.


class SnapshotFacts(Facts, frozen=True, kw_only=True):
    """The export that Convex made, before we touched it."""

    timestamp_ns: int  # The database's own timestamp of the consistent snapshot.
    export_id: str
    bytes: int
    sha256: str
    with_files: bool

    @property
    def taken_at(self) -> datetime:
        """The moment the snapshot shows the database at, UTC, to the microsecond."""
        return datetime.fromtimestamp(self.timestamp_ns // 1_000 / 1_000_000, tz=UTC)


class Asked(Facts, frozen=True, kw_only=True):
    """Who wanted the backup, through which door."""

    by: str
    door: Door
    at: datetime


class Check(Facts, frozen=True, kw_only=True):
    """One verification: when, by whom, how deep, what it saw.

    `vault` is where it was made, if that is not the vault it lies in: a check that was copied along
    tells the story, and proves nothing of the copy beside it.
    """

    at: datetime
    by: str
    door: Door
    depth: Literal["full", "manifest"] = "full"
    looked_at: LookedAt
    findings: tuple[Finding, ...] = ()
    vault: str = ""


class StepTook(Facts, frozen=True, kw_only=True):
    step: str
    seconds: float


class Manifest(Facts, frozen=True, kw_only=True):
    """Everything known about one backup at the moment it came to exist."""

    format: int = PLAIN_FORMAT
    id: str
    deployment: DeploymentFacts
    snapshot: SnapshotFacts
    kind: Kind
    label: str = ""
    asked: Asked
    finished: datetime
    app_version: str | None = None
    lifeboat_version: str
    archive: ArchiveFacts
    chosen: tuple[str, ...] | None = None  # --tables, as "component/path/table"; None: all.
    contents: Contents
    check: Check
    steps: tuple[StepTook, ...] = ()
    notes: tuple[str, ...] = ()


class _Version(msgspec.Struct):
    format: int


def to_json(manifest: Manifest) -> bytes:
    """Return the manifest as indented JSON, one trailing newline."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"


def from_json(text: bytes, *, where: str) -> Manifest:
    """Read a manifest; ManifestError names `where` it came from and why it can't be read."""
    try:
        version = typed.decode(text, _Version).format
        if version > FORMAT:
            raise ManifestError(
                f"{where} is of format {version}; this Lifeboat reads up to {FORMAT}: use "
                "a newer one to read it.",
                safe="The backup itself is untouched.",
                hint="Use a newer Lifeboat to read it.",
            )
        return typed.decode(text, Manifest)
    except msgspec.MsgspecError as error:
        raise ManifestError(
            f"{where} is not a readable manifest: {error}.",
            safe="The archive beside it is untouched.",
            hint="Run `lifeboat doctor` to see every object that is not a whole backup.",
        ) from error
