"""What becomes of mail to an address that has failed for good."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.channels.http.mailing import address, letter
from conformance.forge.webhooks import Failure
from conformance.requirement import requirement
from conformance.verdicts import establish

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.channels.http.mailing import Post
    from conformance.forge.keys import Keys
    from conformance.profile.target import Target

_SPELLINGS: dict[str, Callable[[str], str]] = {
    "with its domain in capital letters": lambda one: one.replace("example.com", "EXAMPLE.com"),
    "with a name before it": lambda one: f"Somebody <{one}>",
    "in angle brackets": lambda one: f"<{one}>",
    "with blanks around it": lambda one: f" {one} ",
}


def _fail(post: Post, key: str, recipient: str, count: int) -> None:
    """Send so many messages to an address, and report that each has failed for good."""
    for mail in [post.require(key, letter(recipient)) for _ in range(count)]:
        post.fail(mail)


@requirement("MAIL-04")
def test_an_address_that_failed_gets_no_more_mail(post: Post, keys: Keys, target: Target) -> None:
    """The messages before arrived, and so does one to another address afterwards."""
    recipient, count = address(), target.mail.suppressed_after
    _fail(post, keys.active, recipient, count)
    is_suppressed = post.is_suppressed(keys.active, recipient)
    other = post.arrives(keys.active, letter())
    assert is_suppressed, f"after {count} permanent failures an address still gets mail"
    assert other, "failures at one address withhold mail to another"


@requirement("MAIL-04")
def test_other_organizations_still_reach_the_address(
    post: Post, keys: Keys, target: Target
) -> None:
    """The one tenant's mail is withheld by then, so that the failures have counted."""
    recipient = address()
    _fail(post, keys.active, recipient, target.mail.suppressed_after)
    establish(post.is_suppressed(keys.active, recipient), "the address is suppressed for one")
    arrived = post.arrives(keys.b.active, letter(recipient))
    post.require(keys.b.active)
    assert arrived, "one organization's failures withhold another's mail to the address"


@requirement("MAIL-04")
def test_another_spelling_of_the_address_is_suppressed_as_well(
    post: Post, keys: Keys, target: Target
) -> None:
    """A domain's letters have no case (RFC 5321 section 2.4), and a name is no part of an address.

    Each spelling reaches another address, so that it is none that is refused as such.
    """
    recipient = address()
    _fail(post, keys.active, recipient, target.mail.suppressed_after)
    establish(post.is_suppressed(keys.active, recipient), "the address is suppressed as it was")
    for what, spell in _SPELLINGS.items():
        is_taken = post.arrives(keys.active, letter(spell(address()))) is not None
        arrived = post.arrives(keys.active, letter(spell(recipient)))
        assert arrived is None or not is_taken, f"mail to a suppressed address is sent {what}"


@requirement("MAIL-04")
def test_fewer_failures_and_temporary_ones_suppress_nothing(
    post: Post, keys: Keys, target: Target
) -> None:
    """One more permanent failure withholds the mail, so that those before would have shown."""
    recipient, count = address(), target.mail.suppressed_after
    mails = [post.require(keys.active, letter(recipient)) for _ in range(2 * count)]
    for mail in mails[:count]:
        post.fail(mail, Failure.TEMPORARY)
    for mail in mails[count:-1]:
        post.fail(mail)
    arrived = post.arrives(keys.active, letter(recipient))
    post.fail(mails[-1])
    establish(post.is_suppressed(keys.active, recipient), "the failures are counted")
    assert arrived, (
        f"an address is suppressed after {count - 1} permanent failures and {count} temporary ones"
    )
