"""Whether a key may travel to an address in plain sight."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

_PRIVATE_ENDINGS = (".local", ".internal", ".localhost", ".lan", ".home.arpa", ".test")


def is_plain_http_to_public(url: str) -> bool:
    """Whether anyone on the way could read what is sent: http:// past a private network.

    A host name without a dot (`backend`, `localhost`) is one of a private network.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if parts.scheme != "http":
        return False
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "." in host and not host.endswith(_PRIVATE_ENDINGS)
    return not (address.is_private or address.is_loopback or address.is_link_local)
