"""URLs as the fingerprint holds them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache


def origin_of(url: str) -> str:
    """`scheme://host:port` in lower case, the port left out where it is the scheme's own."""
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if ":" in host:
        host = f"[{host}]"
    try:
        port = parts.port
    except ValueError:
        port = None
    default = {"http": 80, "https": 443}.get(parts.scheme)
    suffix = "" if port is None or port == default else f":{port}"
    return f"{parts.scheme.lower()}://{host}{suffix}"


def canonical_url(url: str, origins: Mapping[str, str]) -> str:
    """Origin, path and sorted query; an origin that came from the environment by its name.

    `origins` maps an origin to the variable that gave it, as "$ANTHROPIC_BASE_URL".
    """
    origin, place = _parted(url)
    return origins.get(origin, origin) + place


@lru_cache(256)
def _parted(url: str) -> tuple[str, str]:
    """The origin, and path and sorted query."""
    from urllib.parse import parse_qsl, urlencode, urlsplit

    parts = urlsplit(url)
    query = urlencode(sorted(parse_qsl(parts.query, keep_blank_values=True)))
    return origin_of(url), f"{parts.path or '/'}{'?' + query if query else ''}"
