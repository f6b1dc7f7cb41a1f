"""Throw-away keys, and what is sealed with them, for tests."""

from __future__ import annotations

from pathlib import Path

from storage.seal import Seal, new_identity


def key_file(path: Path, count: int = 1) -> tuple[str, ...]:
    """Write an identity file with so many fresh identities; return their recipients."""
    made = [new_identity() for _ in range(count)]
    path.touch(mode=0o600)
    path.write_text("".join(f"# public key: {r}\n{secret.reveal()}\n" for secret, r in made))
    return tuple(recipient for _, recipient in made)


def seal_with(folder: Path, name: str = "lifeboat.identity") -> Seal:
    """Return a seal whose one recipient is that of its own identity file."""
    return Seal(key_file(folder / name), folder / name)


def sealed_bytes(seal: Seal, plain: bytes) -> bytes:
    return b"".join(seal.sealed([plain]))


def opened_bytes(seal: Seal, sealed: bytes) -> bytes:
    return b"".join(seal.opened([sealed], seal.recipients))
