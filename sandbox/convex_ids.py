"""Document ids as Convex writes them: table number, 16 bytes of chance and a checksum, in base 32.

This is a second, independent reading of the format, so that Lifeboat's own codec and this one can
disagree. Which table has which number is not here.
"""

import base64
import secrets
from operator import mul

STORAGE_NUMBER = 540
EXPORTS_NUMBER = 516
IMPORTS_NUMBER = 541
COMPONENTS_NUMBER = 544
FIRST_USER_NUMBER = 10001

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_TO_RFC = str.maketrans(_ALPHABET, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
_FROM_RFC = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", _ALPHABET.encode())
_DIGITS = bytes(
    b"0123456789abcdefghijklmnopqrstuv"[_ALPHABET.index(chr(code))]
    if chr(code) in _ALPHABET
    else ord("!")
    for code in range(256)
)
_WEIGHTS = tuple(range(18, 0, -1))


class BadId(ValueError):
    """The text is not an id; says why."""


def encode(number: int, internal: bytes) -> str:
    """The id of the document with these 16 bytes in the table with this number."""
    body = _vint(number) + internal
    raw = body + _checksum(body)
    padded = raw + bytes(-len(raw) % 5)
    text = base64.b32encode(padded).translate(_FROM_RFC).decode()
    return text[: -(-len(raw) * 8 // 5)]


def fresh(number: int) -> str:
    """An id that no document has yet."""
    return encode(number, secrets.token_bytes(16))


def number_of(text: str) -> int:
    """The table number in an id whose every part is checked; raises BadId."""
    if len(text) != 32:
        return decode(text)[0]
    # This runs once for every row: 32 letters are exactly 20 bytes, and the checksum of the 18
    # has a closed form. Whatever is unusual goes the long way, and gets its reason there.
    try:
        raw = int(text.encode().translate(_DIGITS), 32).to_bytes(20, "big")
    except ValueError:
        return decode(text)[0]
    body = raw[:18]
    if not (raw[0] & 0x80 and raw[1] < 0x80):
        return decode(text)[0]
    if raw[18] != sum(body) & 255 or raw[19] != sum(map(mul, body, _WEIGHTS)) & 255:
        raise BadId(f"Unable to decode ID: Invalid ID checksum: {text!r}")
    return raw[0] & 0x7F | raw[1] << 7


def decode(text: str) -> tuple[int, bytes]:
    """The table number and the 16 bytes of an id; raises BadId."""
    if not 31 <= len(text) <= 37 or text.strip(_ALPHABET):
        raise BadId(f"Unable to decode ID: {text!r} is not base 32 of the right length")
    if any(letter not in _ALPHABET for letter in text):
        raise BadId(f"Unable to decode ID: {text!r} is not base 32")
    padded = text + "0" * (-len(text) % 8)
    raw = base64.b32decode(padded.translate(_TO_RFC))[: len(text) * 5 // 8]
    number, start = 0, 0
    for start, byte in enumerate(raw[:5]):
        number |= (byte & 0x7F) << (7 * start)
        if byte < 0x80:
            break
    body, check = raw[:-2], raw[-2:]
    if len(body) != start + 17 or number == 0:
        raise BadId(f"Unable to decode ID: {text!r} has the wrong length")
    if check != _checksum(body) or encode(number, body[start + 1 :]) != text:
        raise BadId(f"Unable to decode ID: Invalid ID checksum: {text!r}")
    return number, body[start + 1 :]


def _vint(number: int) -> bytes:
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _checksum(body: bytes) -> bytes:
    low = high = 0
    for byte in body:
        low = low + byte & 255
        high = high + low & 255
    return bytes((low, high))
