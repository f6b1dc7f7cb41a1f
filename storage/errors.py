"""What can go wrong below the commands, as one drawn tree.

    LifeboatError                  a sentence, what is safe now, what to type next
    ├── Refused                    bad input; nothing was touched
    ├── Cancelled                  a person stopped it
    ├── ConvexError                the deployment, or the road to it
    │   ├── WrongKey               401, or a key that belongs to another deployment
    │   ├── MissingPermission      403; `permission` names it
    │   ├── UnknownDeployment      nothing of Convex answers at that address
    │   ├── Unreachable            no answer, cut or timed out, after every try
    │   ├── ServerTrouble          429 and 5xx, after every try
    │   ├── BadAnswer              an answer that is not Convex's protocol
    │   ├── ExportInProgress       another export or cloud backup is running
    │   ├── ExportFailed           Convex gave the export up, or it was cancelled
    │   ├── CutDownload            fewer or other bytes than promised, after every try
    │   ├── ImportFailed           Convex refused or gave up an import; live data as before
    │   └── UnknownOutcome         a destructive call's fate can't be known: needs an operator
    ├── ArchiveError               these bytes are not a whole archive; `where` names the place
    │   └── BrokenSeal             they are not as they were sealed
    ├── SealError                  no key here that seals or opens this; nothing was touched
    ├── ManifestError              a label that can't be read, or of a newer format
    ├── SpoolError                 the local scratch folder: full or not writable
    └── VaultError                 a place archives rest
        ├── AlreadyThere           names are created once, never overwritten
        ├── NotThere
        ├── ObjectLocked           a lock of the vault forbids to remove it; `until` says how long
        ├── InColdStorage          it has to be thawed before it can be read
        ├── VaultFull
        ├── SourceLost             the vault that a copy is made from broke off
        └── VaultUnreachable
            └── VaultDenied        its policy does not allow it; `permission` names it

Every error carries the three things a person needs on a bad day, and `exit_code` for the
terminal. Nothing below `bot/` logs an error and goes on: it raises.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar


class LifeboatError(Exception):
    """A failure told in sentences: what happened, what is safe now, what to type next."""

    exit_code: ClassVar[int] = 1
    safe_by_default: ClassVar[str] = ""

    def __init__(self, what: str, *, safe: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.safe = safe or self.safe_by_default
        self.hint = hint

    def __str__(self) -> str:
        return " ".join(part for part in (self.what, self.safe, self.hint) if part)


class Refused(LifeboatError):
    """Bad input, or a thing the rules do not allow; nothing was touched."""

    exit_code = 2
    safe_by_default = "Nothing was touched."


class Cancelled(LifeboatError):
    """A person stopped the job."""


class ConvexError(LifeboatError):
    """The deployment, or the road to it."""


class WrongKey(ConvexError):
    """The key is unknown to the deployment, or belongs to another one."""


class MissingPermission(ConvexError):
    """The key is good but not allowed to do this."""

    def __init__(self, what: str, *, permission: str, safe: str = "", hint: str = "") -> None:
        super().__init__(what, safe=safe, hint=hint)
        self.permission = permission


class UnknownDeployment(ConvexError):
    """Nothing that speaks Convex answers at the address."""


class Unreachable(ConvexError):
    """No answer, a cut connection or a timeout, after every try."""


class ServerTrouble(ConvexError):
    """The deployment answered 429 or 5xx, after every try."""

    retry_after: float | None = None  # Seconds that the deployment asked us to wait.


class BadAnswer(ConvexError):
    """An answer that is not what Convex's protocol promises."""


class ExportInProgress(ConvexError):
    """Another export or a cloud backup holds the deployment's one export slot."""


class ExportFailed(ConvexError):
    """Convex gave the export up, or somebody cancelled it."""


class CutDownload(ConvexError):
    """The archive arrived short, long or changed, at every try."""


class ImportFailed(ConvexError):
    """Convex refused or gave up an import."""


class UnknownOutcome(ConvexError):
    """Nobody can tell whether a destructive call was done; an operator has to look."""


class ArchiveError(LifeboatError):
    """These bytes are not a whole archive."""

    def __init__(self, what: str, *, where: str = "", safe: str = "", hint: str = "") -> None:
        super().__init__(what, safe=safe, hint=hint)
        self.where = where


class BrokenSeal(ArchiveError):
    """A sealed archive that was cut, changed or added to."""


class SealError(LifeboatError):
    """No key is here that seals this, or opens it."""

    exit_code = 2
    safe_by_default = "Nothing was touched."


class ManifestError(LifeboatError):
    """A manifest that can't be read, or is of a newer format than this Lifeboat knows."""


class SpoolError(LifeboatError):
    """The local scratch folder is full or can't be written."""


class VaultError(LifeboatError):
    """A place archives rest did not do what it promises."""


class AlreadyThere(VaultError):
    """The name is taken, and names are created once."""


class NotThere(VaultError):
    """No object of that name."""


class ObjectLocked(VaultError):
    """A lock forbids to remove it; `until` is None while a legal hold is on it."""

    def __init__(
        self, what: str, *, until: datetime | None = None, safe: str = "", hint: str = ""
    ) -> None:
        super().__init__(what, safe=safe, hint=hint)
        self.until = until


class InColdStorage(VaultError):
    """It lies where reading takes hours of thawing first."""


class VaultFull(VaultError):
    """No room left; nothing of the object was kept."""


class SourceLost(VaultError):
    """The vault that a copy is made from broke off; the one it is made in did not fail."""


class VaultUnreachable(VaultError):
    """The vault can't be read or written at all."""


class VaultDenied(VaultUnreachable):
    """The vault's policy, or the credentials, do not allow it."""

    def __init__(self, what: str, *, permission: str, safe: str = "", hint: str = "") -> None:
        super().__init__(what, safe=safe, hint=hint)
        self.permission = permission
