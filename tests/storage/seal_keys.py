"""Throw-away keys, and what is sealed with them, for tests."""

from __future__ import annotations

from pathlib import Path

from storage.seal import Seal, new_identity

# Throw-aways that open nothing but what a test seals; not every machine has `ssh-keygen`.
SSH_KEY = """\
-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW
QyNTUxOQAAACBoOAD7ZmwR28Mj51zYiAo0y9XYhDm9Zy1fNgkcgAZoWAAAAJCJGbhZiRm4
WQAAAAtzc2gtZWQyNTUxOQAAACBoOAD7ZmwR28Mj51zYiAo0y9XYhDm9Zy1fNgkcgAZoWA
AAAEBKcDD+6yOU+Oy1vDpSz5xirLf+xcoTHg/jdHsW+LL9oGg4APtmbBHbwyPnXNiICjTL
1diEOb1nLV82CRyABmhYAAAACnRocm93LWF3YXkBAgM=
-----END OPENSSH PRIVATE KEY-----
"""
SSH_PUBLIC = (
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGg4APtmbBHbwyPnXNiICjTL1diEOb1nLV82CRyABmhY throw-away"
)
SSH_LOCKED_KEY = """\
-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABAvzXoc0U
vuPqDkOSeHQvc5AAAAEAAAAAEAAAAzAAAAC3NzaC1lZDI1NTE5AAAAILNieWyVvvYqcuGq
BRYP5HPJvZ+o0BbUNWJXXOfhDGeGAAAAkLW93u3KUu7BlCCHI+r7GCUPxDvZTGtJiFWzQ8
ncaXZ3dEGDSd5P7y5Xhd3nkVnoCjZIwu/1PzgakozjhuoufbYnilaaoYUTOojkY7IIu0Wb
NUeRZQavdutbDACBRS4URP23DVz6H17SsWAA8VNVfA2D2KD89ZYN5yaZGfCzgH5uH5IfIs
v5zyZcJ5vq+G/cXQ==
-----END OPENSSH PRIVATE KEY-----
"""
SSH_LOCKED_PUBLIC = (
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILNieWyVvvYqcuGqBRYP5HPJvZ+o0BbUNWJXXOfhDGeG throw-away"
)


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
