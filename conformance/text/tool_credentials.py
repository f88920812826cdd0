"""Whether a text gives away a credential that somebody may have encoded."""

from __future__ import annotations

from functools import lru_cache

from conformance.text.disguised import spellings


def leaks(credential: str, text: str) -> bool:
    """Tell whether a text holds a credential: as it is, in another case, or in a usual encoding.

    These are base64 and base64url, hex, percent and JSON escapes of all of it, and reversed.
    """
    if any(spelling in text for spelling in spellings(credential)):
        return True
    folded = text.casefold()
    return any(spelling in folded for spelling in _folded(credential))


@lru_cache(maxsize=64)
def _folded(credential: str) -> tuple[str, ...]:
    """Return what letters of any case may be compared with."""
    raw = credential.encode()
    forms = (credential, raw.hex(), "".join(f"%{byte:02x}" for byte in raw))
    return tuple(form.casefold() for form in forms)
