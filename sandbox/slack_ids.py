"""The ids, timestamps and one-time codes of a Slack workspace, in Slack's own shapes."""

import secrets
import string
import time
import uuid

_BIG = string.digits + string.ascii_uppercase
_ANY = string.digits + string.ascii_letters


def fresh(prefix: str) -> str:
    """A new id of a kind: T, C, D, U, B, A, S, V, F or Ev, then ten base-36 digits."""
    return prefix + "".join(secrets.choice(_BIG) for _ in range(10))


def element_id() -> str:
    """What Slack calls a block or an action that was given no id."""
    return "".join(secrets.choice(_ANY) for _ in range(5))


def envelope_id() -> str:
    return str(uuid.uuid4())


def trigger_id() -> str:
    """`number.number.hex32`, worth one modal for three seconds."""
    numbers = [str(secrets.randbelow(9 * 10**11) + 10**11) for _ in range(2)]
    return ".".join([*numbers, secrets.token_hex(16)])


def view_hash() -> str:
    """Changes with each version of a view."""
    return f"{int(time.time())}.{secrets.token_hex(4)}"


class Stamps:
    """Hands out `ts`: strings that are unique and only ever grow, also over a restart."""

    def __init__(self, last: str) -> None:
        seconds, _, fraction = last.partition(".")
        self._last = int(seconds or 0) * 10**6 + int(fraction or 0)

    def next(self) -> str:
        self._last = max(time.time_ns() // 1000, self._last + 1)
        return f"{self._last // 10**6}.{self._last % 10**6:06d}"
