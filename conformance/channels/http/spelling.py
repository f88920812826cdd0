"""Where a request goes, spelt as a check means it and not as a client would tidy it up."""

from __future__ import annotations

from urllib.parse import urlsplit


def absolute(path: str, url: str) -> str:
    """Return where a path leads at the origin of a URL; a target in absolute form as it is."""
    if not path.startswith("/"):
        return path
    parts = urlsplit(url)
    # Joined by hand: a path such as //mcp must reach the target as it is.
    return f"{parts.scheme}://{parts.netloc}{path}"


def request_target(url: str, path: str | None) -> bytes:
    """Return the request target (RFC 9112, 3.2) as the check spelt it, spared normalization."""
    if path is not None and not path.startswith("/"):
        return path.encode("latin-1")
    return f"/{url.split('://', 1)[1].partition('/')[2]}".encode("latin-1")
