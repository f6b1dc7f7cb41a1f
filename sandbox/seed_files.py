"""The stored files of the seeded app: small PDFs a reader opens, a PNG, and bytes of no type."""

import base64
import hashlib
import uuid
import zlib
from dataclasses import dataclass

_PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)


@dataclass(frozen=True)
class SeedFile:
    """One stored file; `sha256` is standard base64 of the digest, as Convex writes it."""

    component: str
    id: str
    creation: float
    content_type: str | None
    internal_id: str
    sha256: str
    body: bytes


def pdf(title: str, filling: bytes) -> bytes:
    """One page saying the title in letters; the filling is kept unseen, to make sizes differ."""
    page = f"BT /F1 18 Tf 72 760 Td ({title}) Tj ET".encode("ascii")
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R"
        b"/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%b\nendstream" % (len(page), page),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        b"<</Length %d>>stream\n%b\nendstream" % (len(filling), filling),
    ]
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    starts = []
    for number, inside in enumerate(objects, 1):
        starts.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, inside)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % start for start in starts)
    out += b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    return bytes(out)


def make(component: str, id_: str, creation: float, place: int, chance: bytes) -> SeedFile:
    """The file at this place: every eleventh has no type or is a PNG, the others are PDFs."""
    filling = hashlib.shake_128(chance).digest(200 + 16 * chance[0])
    content_type: str | None = "application/pdf"
    if place % 11 == 5:
        content_type, body = "image/png", _PNG
    elif place % 11 == 7:
        content_type, body = None, zlib.compress(filling, 1)
    else:
        body = pdf(f"Nota Pencairan Dana {place + 1:05}", filling)
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    internal = str(uuid.UUID(bytes=chance[16:32], version=4))
    return SeedFile(component, id_, creation, content_type, internal, digest, body)
