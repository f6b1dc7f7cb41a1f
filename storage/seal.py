"""The seal: age around an archive, so that whoever reads a vault reads nothing of the data.

The one door to pyrage. Whom archives are sealed for are public keys (*recipients*), what opens them
are secret ones (*identities*), in a file that is read anew each time, because it may lie on a disk
that comes and goes. Bytes pass by turns, some at a time; nothing is ever kept whole.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyrage

from storage.errors import BrokenSeal, SealError
from storage.secret import Secret

IDENTITY_BYTES_MAX = 65_536
SECRET_BEGINS = "AGE-SECRET-KEY-"  # noqa: S105 - how every one begins.
SHOWN_MAX = 3
_PIECE_MIN, _PIECE_MAX = 64 * 1024, 1 << 20
_SSH = re.compile(r"(ssh-ed25519|ssh-rsa) [A-Za-z0-9+/]+={0,3}")
_NO_FIT = "No matching keys found"  # pyrage tells a key that does not fit by these words alone.
NEEDED = (
    "Put the identity that fits into a file of its own (chmod 600) and name it in [encryption] as "
    "identity_file; then type the same again."
)


@dataclass(frozen=True)
class Seal:
    """Whom archives are sealed for, and the file of the identities that open them.

    Without recipients archives are kept plain. Without an identity file they can be sealed and
    stored here, and not opened.
    """

    recipients: tuple[str, ...] = ()
    identity_file: Path | None = None

    @property
    def on(self) -> bool:
        """Whether new archives are sealed."""
        return bool(self.recipients)

    def sealed(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the chunks as one age file; what they raise comes through unchanged."""
        keys = [_recipient(text) for text in self.recipients]
        return _through(chunks, lambda turn: pyrage.encrypt_io(turn, turn, keys))

    def opened(self, chunks: Iterable[bytes], recipients: Sequence[str]) -> Iterator[bytes]:
        """Yield what was sealed; SealError before the first byte is asked for if it can't be.

        BrokenSeal, at the latest after the last byte, when one of them is not as it was sealed:
        whoever stops before the end has proof of nothing.
        """
        keys = self._fitting(recipients)
        return _opened(chunks, keys)

    def check(self, recipients: Sequence[str]) -> None:
        """Raise SealError unless an identity is here that opens what is sealed for these."""
        self._fitting(recipients)

    def opens(self, recipients: Sequence[str]) -> bool:
        """Whether an identity is here that opens what is sealed for one of these."""
        try:
            self.check(recipients)
        except SealError:
            return False
        return True

    def identities(self) -> tuple[Identity, ...]:
        """Read the identity file; SealError says why there is nothing in it to open with."""
        if self.identity_file is None:
            raise SealError("The settings name no identity_file.", hint=NEEDED)
        return read_identities(self.identity_file)

    def _fitting(self, recipients: Sequence[str]) -> list[Any]:
        try:
            known = self.identities()
        except SealError as error:
            raise SealError(f"{_sealed_for(recipients)} {error.what}", hint=NEEDED) from None
        keys = [identity.key for identity in known]
        if any(_fits(text, keys) for text in recipients):
            return keys
        theirs = some([identity.recipient or "an SSH key" for identity in known])
        raise SealError(
            f"{_sealed_for(recipients)} None of the identities in {self.identity_file} fits: "
            f"{theirs}.",
            hint=NEEDED,
        )


@dataclass(frozen=True)
class Identity:
    """One secret key; `recipient` is its public side, None where age can't tell (SSH)."""

    key: Any
    recipient: str | None = None


def new_identity() -> tuple[Secret, str]:
    """Make a key pair; return the secret line of an identity file, and its recipient."""
    made = pyrage.x25519.Identity.generate()
    return Secret(str(made)), str(made.to_public())


def read_identities(path: Path) -> tuple[Identity, ...]:
    """Read a file of age identities, or one SSH key; SealError if there is none to be had."""
    try:
        with path.open("rb") as file:
            text = file.read(IDENTITY_BYTES_MAX + 1)
    except FileNotFoundError:
        raise SealError(f"There is no identity file {path}.", hint=NEEDED) from None
    except OSError as error:
        raise SealError(
            f"The identity file {path} can't be read ({error.strerror}).",
            hint="Check its owner and permissions.",
        ) from error
    if text.startswith(b"-----BEGIN"):
        return (_ssh_identity(text, path),)
    lines = map(str.strip, text[:IDENTITY_BYTES_MAX].decode("utf-8", "replace").splitlines())
    found = [line for line in lines if line and not line.startswith("#")]
    if not found:
        raise SealError(f"The identity file {path} holds no identity.", hint=NEEDED)
    return tuple(_identity(line, path) for line in found)


def valid_recipient(text: str) -> str | None:
    """Return a public key as it is written down, without its comment; None if it is none."""
    ssh = _SSH.match(text.strip())
    plain = ssh[0] if ssh else text.strip()
    try:
        _recipient(plain)
    except SealError:
        return None
    return plain


def some(names: Sequence[str]) -> str:
    """Return the first few public keys, shortened, and how many more there are."""
    shown = ", ".join(short(name) for name in names[:SHOWN_MAX])
    more = len(names) - SHOWN_MAX
    return f"{shown} and {more} more" if more > 0 else shown


def short(recipient: str) -> str:
    """Return enough of a public key to know it by."""
    if recipient.startswith("ssh-"):
        kind, _, key = recipient.partition(" ")
        return f"{kind} …{key[-12:]}"
    return recipient if len(recipient) <= 24 else f"{recipient[:14]}…{recipient[-6:]}"


def _sealed_for(recipients: Sequence[str]) -> str:
    return f"The archive is sealed for {some(recipients) or 'nobody that its manifest names'}."


def _recipient(text: str) -> Any:
    try:
        if text.startswith("ssh-"):
            return pyrage.ssh.Recipient.from_str(text)
        return pyrage.x25519.Recipient.from_str(text)
    except (pyrage.RecipientError, ValueError) as error:
        raise SealError(
            "A recipient in the settings is no public key that age knows.",
            hint="Write age1… as `lifeboat keys new` prints it, or an ssh-ed25519 or ssh-rsa key.",
        ) from error


def _identity(line: str, path: Path) -> Identity:
    try:
        key = pyrage.x25519.Identity.from_str(line)
    except (pyrage.IdentityError, ValueError):
        # Never what stands there, nor the library's own words: either may be half a secret.
        raise SealError(
            f"The identity file {path} holds a line that is no identity of age.",
            hint=f"Keep comments (#) and lines that begin with {SECRET_BEGINS} in it. Identities "
            f"of plugins, and files locked with a passphrase, can't be used here.",
        ) from None
    return Identity(key, str(key.to_public()))


def _ssh_identity(text: bytes, path: Path) -> Identity:
    try:
        return Identity(pyrage.ssh.Identity.from_buffer(text))
    except (pyrage.IdentityError, ValueError):
        raise SealError(
            f"The identity file {path} holds an SSH key that can't be used.",
            hint="Use an ed25519 or RSA key without a passphrase, or an identity of age.",
        ) from None


def _fits(recipient: str, keys: list[Any]) -> bool:
    """Whether one of the keys opens what is sealed for the recipient, tried on nothing."""
    with suppress(SealError, pyrage.DecryptError, pyrage.EncryptError, OSError):
        pyrage.decrypt(pyrage.encrypt(b"", [_recipient(recipient)]), keys)
        return True
    return False


def _opened(chunks: Iterable[bytes], keys: list[Any]) -> Iterator[bytes]:
    try:
        yield from _through(chunks, lambda turn: pyrage.decrypt_io(turn, turn, keys))
    except _Broken as broken:
        header = isinstance(broken.why, pyrage.DecryptError)
        raise BrokenSeal(
            "The sealed archive is damaged: its header opens with no identity, and one fits."
            if header and str(broken.why) == _NO_FIT
            else f"The sealed archive is damaged: its {'header is' if header else 'bytes are'} "
            f"not as sealed.",
            safe="The archive was only read; nothing was changed.",
            hint="Don't restore from it: take a new backup, or use an older one (lifeboat list).",
        ) from broken.why


class _Broken(Exception):
    """What pyrage raised while it worked; `why` None when it ended before its input did."""

    def __init__(self, why: BaseException | None) -> None:
        super().__init__()
        self.why = why


class _GivenUp(Exception):
    """Nobody wants the rest any more."""


def _through(chunks: Iterable[bytes], work: Callable[[_Turn], object]) -> Iterator[bytes]:
    """Yield what pyrage makes of the chunks; what they raise comes through unchanged."""
    turn = _Turn(work)
    try:
        for piece in _pieces(chunks):
            yield from turn.give(piece)
            if turn.over:
                raise _Broken(turn.error)
        yield from turn.give(b"")
        if turn.error is not None:
            raise _Broken(turn.error)
    finally:
        turn.end()


class _Turn:
    """A thread in which pyrage works, which wants a file: it runs only while we wait for it.

    So the chunks are taken, and all they tell and raise happens, in the caller's own thread.
    `read` and `write` are the two files that pyrage sees.
    """

    def __init__(self, work: Callable[[_Turn], object]) -> None:
        self.over = False
        self.error: BaseException | None = None
        self._ours, self._theirs = threading.Semaphore(0), threading.Semaphore(0)
        self._piece, self._at = b"", 0
        self._last = self._given_up = False
        self._out: list[bytes] = []
        self._thread = threading.Thread(target=self._run, args=(work,), name="seal", daemon=True)
        self._thread.start()
        self._ours.acquire()

    def give(self, piece: bytes) -> list[bytes]:
        """Hand some bytes over, none for the end, and return what came of them."""
        if not self.over:
            self._piece, self._at, self._last = piece, 0, not piece
            self._theirs.release()
            self._ours.acquire()
        out, self._out = self._out, []
        return out

    def end(self) -> None:
        """Let the thread go, wherever it is."""
        self._given_up = True
        self._theirs.release()
        self._thread.join()

    def read(self, size: int = -1) -> bytes:
        """Return some bytes, and wait for our turn when there are none left."""
        if self._at >= len(self._piece) and not self._last:
            self._ours.release()
            self._theirs.acquire()
        if self._given_up:
            raise _GivenUp
        end = len(self._piece) if size < 0 else self._at + size
        taken = self._piece[self._at : end]
        self._at += len(taken)
        return taken

    def write(self, made: bytes) -> int:
        """Keep what was made until our turn is over."""
        self._out.append(made)
        return len(made)

    def flush(self) -> None:
        """Do nothing: there is nothing between us."""

    def _run(self, work: Callable[[_Turn], object]) -> None:
        try:
            work(self)
        except BaseException as error:  # noqa: BLE001 - handed over, and raised where it is waited for.
            self.error = error
        finally:
            self.over = True
            self._ours.release()


def _pieces(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the chunks in pieces worth a change of turns, and none of them too big to hold."""
    gathered: list[bytes] = []
    held = 0
    for chunk in chunks:
        for start in range(0, len(chunk), _PIECE_MAX):
            part = chunk[start : start + _PIECE_MAX]
            gathered.append(part)
            held += len(part)
            if held >= _PIECE_MIN:
                yield b"".join(gathered)
                gathered, held = [], 0
    if held:
        yield b"".join(gathered)
