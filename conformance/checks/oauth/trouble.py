"""OAUTH: an issuer in trouble: it is out, or publishes keys that are none."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from conformance.requirement import requirement
from conformance.verdicts import NotApplicableError, establish
from conformance.waiting import gather, wait_for
from conformance.world.issuer.minting import Mode, Recipe, Signer

if TYPE_CHECKING:
    from conformance.channels.http.answer import Answer
    from conformance.channels.http.issued import IssuedDesk

SOON = 5.0
"""Seconds beyond the profile's interval in which a set is fetched."""
PROMPT = 5.0
"""Seconds in which who is known is answered, whatever others wait for."""
BRIEF = 3.0
"""Seconds for which a stranger is waited for while the issuer is in trouble."""
FLOOD, AT_ONCE = 40, 8
SPARE = 3
"""Fetches beyond one an interval that nobody counts."""
_STRANGERS = {
    "a stranger under a known key's id": Recipe(signer=Signer.STRANGER),
    "a stranger under an unknown id": Recipe(signer=Signer.UNKNOWN),
}


def _require_unharmed(issued: IssuedDesk, *modes: Mode) -> None:
    """Assert that who is known is unharmed by each mode; the door is as ever before and after."""
    issued.establish()
    right = issued.right()
    for mode in modes:
        with issued.issuer.answering(mode):
            _require_unharmed_now(issued, right, mode)
    issued.establish_right()


def _require_unharmed_now(issued: IssuedDesk, right: str, mode: Mode) -> None:
    """Assert that strangers are refused, and a right token counts, while the mode lasts."""
    has_fetched = issued.issuer.fetches

    def asks() -> bool:
        found = [what for what, one in _STRANGERS.items() if issued.show(one, BRIEF).executed]
        assert not found, f"while the issuer's answer is {mode}, {found[0]} was let in"
        return issued.issuer.fetches > has_fetched

    asked = wait_for(asks, issued.issuer.channel.refresh_seconds + SOON, pause=0.05)
    establish(asked, "an unknown key has the issuer's set fetched")
    answer = issued.wire.knock(right)
    assert answer.succeeded, (
        f"while the issuer's answer is {mode}, a right token by a key that was known got {answer}"
    )
    assert answer.seconds < PROMPT, (
        f"while the issuer's answer is {mode}, a right token waits {answer.seconds:.1f} s"
    )


@requirement("OAUTH-21")
def test_an_outage_of_the_issuer_changes_nothing_for_who_is_known(issued: IssuedDesk) -> None:
    """It answers with an error, hangs up, or says nothing: each time it is asked for a key."""
    _require_unharmed(issued, Mode.ERROR, Mode.CLOSED, Mode.SILENT)


@requirement("OAUTH-21")
def test_what_is_no_key_set_changes_nothing_for_who_is_known(issued: IssuedDesk) -> None:
    """A page, a set of megabytes in which the right keys stand last, and one without an end."""
    _require_unharmed(issued, Mode.GARBAGE, Mode.ENORMOUS, Mode.ENDLESS)


@requirement("OAUTH-21")
def test_a_set_that_cannot_be_right_changes_nothing_for_who_is_known(issued: IssuedDesk) -> None:
    """Without any key, or with two under one id."""
    if not issued.issuer.channel.keeps_keys:
        raise NotApplicableError("world.issuer.keeps_keys is not declared")
    _require_unharmed(issued, Mode.EMPTY, Mode.AMBIGUOUS)


def _counts(issued: IssuedDesk, mode: Mode, signer: Signer) -> Answer | None:
    """Return what a token gets whose key stands in the set of a mode; None where it is refused.

    The target has fetched that set, and a right token counts beside it.
    """
    issued.establish()
    with issued.issuer.answering(mode):
        before = issued.issuer.key_fetches

        def is_fetched() -> bool:
            issued.show(Recipe(signer=Signer.UNKNOWN))
            return issued.issuer.key_fetches > before

        seconds = issued.issuer.channel.refresh_seconds + SOON
        establish(
            wait_for(is_fetched, seconds, pause=0.05), "an unknown key has the issuer's set fetched"
        )
        # The set may be read beside the first request that meets it.
        poisoned = Recipe(algorithm=issued.wanted.algorithms[0], signer=signer)
        answers = [issued.show(poisoned) for _ in range(2)]
        issued.establish_right()
    return next((one for one in answers if one.executed), None)


@requirement("OAUTH-21")
def test_no_token_counts_by_a_secret_in_the_set(issued: IssuedDesk) -> None:
    """Everybody can read the set, and so sign by it."""
    answer = _counts(issued, Mode.SYMMETRIC, Signer.SYMMETRIC)
    assert answer is None, f"a token signed by a secret of the published set got {answer}"


@requirement("OAUTH-21")
def test_no_token_counts_by_a_short_key(issued: IssuedDesk) -> None:
    """RSA of 1024 bits; RFC 7518 section 3.3 asks for 2048 at least."""
    answer = _counts(issued, Mode.WEAK, Signer.WEAK)
    assert answer is None, f"a token signed by RSA of 1024 bits got {answer}"


@requirement("OAUTH-21")
def test_no_token_counts_by_a_key_for_encryption(issued: IssuedDesk) -> None:
    """The set says what the key is for (RFC 7517 section 4.2)."""
    answer = _counts(issued, Mode.ENCRYPTING, Signer.ENCRYPTING)
    assert answer is None, f"a token signed by a key for encryption got {answer}"


@requirement("OAUTH-21")
def test_unknown_keys_have_the_set_fetched_a_bounded_number_of_times(issued: IssuedDesk) -> None:
    """Many tokens, each with an id of its own, within a second or two."""
    issued.establish()
    channel = issued.issuer.channel
    before, began = issued.issuer.key_fetches, time.monotonic()
    answers = gather(
        lambda _: issued.show(Recipe(signer=Signer.UNKNOWN)), range(FLOOD), at_once=AT_ONCE
    )
    seconds = time.monotonic() - began
    fetched = issued.issuer.key_fetches - before
    establish(not any(one.executed for one in answers), "tokens by unknown keys are refused")
    most = SPARE + seconds / channel.refresh_seconds
    assert fetched <= most, (
        f"{FLOOD} tokens with unknown keys had the set fetched {fetched} times in {seconds:.1f} s"
    )


@requirement("OAUTH-21")
def test_unknown_keys_keep_nobody_waiting(issued: IssuedDesk) -> None:
    """The issuer says nothing while many ask for keys that are not there: others go on."""
    issued.establish()
    right = issued.right()
    with issued.issuer.answering(Mode.SILENT):

        def asks(number: int) -> float:
            if number % 4:
                issued.show(Recipe(signer=Signer.UNKNOWN), BRIEF)
                return 0.0
            answer = issued.wire.knock(right)
            assert answer.succeeded, f"amid tokens with unknown keys a right one got {answer}"
            return answer.seconds

        longest = max(gather(asks, range(FLOOD), at_once=AT_ONCE * 2))
    assert longest < PROMPT, f"amid tokens with unknown keys a right one waits {longest:.1f} s"


@requirement("OAUTH-21")
def test_a_key_that_is_new_counts_after_all(issued: IssuedDesk) -> None:
    """The issuer signs by a new key, with tokens by unknown ones before it; the old one counts."""
    issued.establish()
    old = issued.right()
    for algorithm in issued.wanted.algorithms:
        recipe = issued.issuer.add_key(algorithm)
        issued.show(Recipe(signer=Signer.UNKNOWN))
        new = issued.right(recipe=recipe)

        def counts(token: str = new) -> bool:
            return issued.wire.knock(token).succeeded

        came = wait_for(counts, issued.issuer.channel.refresh_seconds + SOON, pause=0.05)
        assert came, f"a token by the issuer's new key for {algorithm} is not taken"
    answer = issued.wire.knock(old)
    assert answer.succeeded, f"beside a new key, a token by the former one got {answer}"
