"""How a cookie is set (RFC 6265bis section 4.1)."""

from __future__ import annotations

_SITES = frozenset({"lax", "strict"})


def faults_of(cookie: str, name: str) -> list[str]:
    """Return what a Set-Cookie field lacks for a session's cookie."""
    attributes = {
        part.partition("=")[0].strip().lower(): part.partition("=")[2].strip().lower()
        for part in cookie.split(";")[1:]
    }
    found = [f"without {word}" for word in ("HttpOnly", "Secure") if word.lower() not in attributes]
    if attributes.get("samesite") not in _SITES:
        found.append("without SameSite=Lax or Strict")
    if name.startswith("__Host-") and (attributes.get("path") != "/" or "domain" in attributes):
        found.append("with a path or a domain that __Host- does not allow")
    return found
