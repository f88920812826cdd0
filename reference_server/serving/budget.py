"""What one connection may take before the server ends it: the numbers, in one place."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Budget:
    """The bounds of a server process. Nobody needs a key to reach them, so none may be large."""

    head_bytes: int = 256 * 1024
    """Bytes of a request's head. A 64 KiB key, which the chain must get to refuse like any other,
    fits well below."""

    framing_bytes: int = 16 * 1024
    """Bytes of a message that bring neither its body on nor its end, one after the other: the
    extensions of a chunk, and trailers. Nobody reads them, and a single trailer is copied anew with
    every read. They are counted by the slice."""
