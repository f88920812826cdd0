"""What a recipient and a subject may be: nothing of them ever ends a line of a message's head."""

from __future__ import annotations

import re
import unicodedata

from reference_server.mail.contracts import MailRefusal, RefusedMailError

LONGEST_ADDRESS = 254
"""RFC 5321 section 4.5.3.1.3, without the angle brackets."""
LONGEST_LOCAL_PART = 64
LONGEST_SUBJECT = 200
_ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)
"""A dot-atom (RFC 5322 section 3.2.3), and a host's name of two labels or more."""
_LINE_ENDS = frozenset({"Cc", "Zl", "Zp", "Cs"})
"""Categories of characters that end a line, or are none."""


def recipient_of(told: str) -> str:
    """Return an address in small letters; RefusedMailError for anything but one plain address.

    A local part may have cases by RFC 5321 section 2.4, and nobody's has.
    """
    local, _, _ = told.partition("@")
    is_one = len(told) <= LONGEST_ADDRESS and len(local) <= LONGEST_LOCAL_PART
    if not is_one or _ADDRESS.fullmatch(told) is None:
        raise RefusedMailError(
            MailRefusal.RECIPIENT, "to is not one plain address: write it as name@example.com."
        )
    return told.lower()


def subject_of(told: str) -> str:
    """Return a subject of one line; RefusedMailError for any other."""
    is_line = not any(unicodedata.category(sign) in _LINE_ENDS for sign in told)
    if not is_line or not told.strip() or len(told) > LONGEST_SUBJECT:
        raise RefusedMailError(
            MailRefusal.SUBJECT,
            f"subject has to be one line of at most {LONGEST_SUBJECT} characters.",
        )
    return told
