"""Headers in which a proxy tells whom it speaks for, and in which anybody may claim it."""

from __future__ import annotations

FORWARDED = (
    ("X-Forwarded-For", "203.0.113.7"),
    ("X-Real-IP", "203.0.113.8"),
    ("Forwarded", "for=203.0.113.9"),
    ("True-Client-IP", "203.0.113.10"),
    ("CF-Connecting-IP", "203.0.113.11"),
    ("X-Client-IP", "203.0.113.12"),
)
"""Each names an address of its own (TEST-NET-3, RFC 5737)."""
