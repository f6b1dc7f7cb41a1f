"""Document ids that follow from a row's place alone, made fast enough for a million rows.

A row can so name a row of another table without either being held anywhere. Decoding ids, and
ids for documents that come in later, are not here.
"""

import base64
import hashlib
from operator import mul

_CROCKFORD = bytes.maketrans(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789abcdefghjkmnpqrstvwxyz"
)
_WEIGHTS = tuple(range(18, 0, -1))


class Ids:
    """The ids of one table's seeded rows, by the row's place in the table.

    The number must take two bytes as a VInt (128 to 16383), as every number of Convex's does:
    only then are 32 characters exactly the 20 bytes of an id.
    """

    def __init__(self, label: str, number: int) -> None:
        if not 128 <= number <= 16383:
            raise ValueError(f"table number {number} does not take two bytes")
        self._number = bytes((number & 0x7F | 0x80, number >> 7))
        self._start = hashlib.blake2b(label.encode(), digest_size=48)

    def digest(self, place: int) -> bytes:
        """48 bytes of chance: the first 16 are the id's, the others choose the row's values."""
        mixed = self._start.copy()
        mixed.update(place.to_bytes(8, "little"))
        return mixed.digest()

    def of(self, digest: bytes) -> str:
        """The id of the row with this digest."""
        body = self._number + digest[:16]
        # Fletcher-16 as Convex reckons it: modulus 256, the plain sum in the low byte.
        low, high = sum(body) & 255, sum(map(mul, body, _WEIGHTS)) & 255
        return base64.b32encode(body + bytes((low, high))).translate(_CROCKFORD).decode()

    def at(self, place: int) -> str:
        """The id of the row at this place."""
        return self.of(self.digest(place))
