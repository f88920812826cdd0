"""AUTH, continued: what HTTP does not take off a field's ends is a part of the key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.requirement import requirement

if TYPE_CHECKING:
    from conformance.channels.http.good_case import GoodCase
    from conformance.channels.http.wire import Wire
    from conformance.forge.keys import Keys

BLANKS = {"a no-break space": "\xa0", "a next-line character": "\x85"}
"""What many languages strip as blank, and RFC 9110 section 5.5 does not: it names space and tab."""


@requirement("AUTH-04")
def test_no_other_blank_is_taken_off_a_key(
    wire: Wire, keys_or_random: Keys, good_case: GoodCase
) -> None:
    """A right key with such a character before or behind it was never issued to anybody."""
    real = keys_or_random.active
    for what, blank in BLANKS.items():
        for place, spoilt in (("before", blank + real), ("behind", real + blank)):
            answer = wire.knock(spoilt)
            assert not answer.executed, (
                f"a key with {what} {place} it got a result or a session: {answer}"
            )
    good_case.conclude()
