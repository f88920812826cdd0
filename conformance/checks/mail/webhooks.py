"""Which words of the mail provider's count."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.channels.http.answer import is_done
from conformance.channels.http.mailing import address, letter
from conformance.requirement import requirement
from conformance.verdicts import establish

if TYPE_CHECKING:
    from conformance.channels.http.mailing import Post
    from conformance.forge.keys import Keys
    from conformance.profile.target import Target

_REPLAYS = 3


@requirement("MAIL-05")
def test_a_webhook_that_is_not_the_providers_is_refused(post: Post, keys: Keys) -> None:
    """One that is right is accepted before and after; each other differs by one thing."""
    first, second = (post.require(keys.active) for _ in range(2))
    post.fail(first)
    mail = post.require(keys.active)
    right, other = post.webhook(mail), post.webhook(second)
    for what, request in right.spoilt(other.body):
        answer = post.report(request, is_right=False)
        establish(answer.status, f"a webhook {what} is answered (got {answer})")
        assert not is_done(answer), f"a webhook {what} is accepted: {answer}"
    post.fail(second)


@requirement("MAIL-05")
def test_a_webhook_that_is_not_the_providers_changes_nothing(
    post: Post, keys: Keys, target: Target
) -> None:
    """As many right ones withhold the mail, so that wrong ones would have shown as well."""
    recipient, count = address(), target.mail.suppressed_after
    mails = [post.require(keys.active, letter(recipient)) for _ in range(count)]
    told = [post.webhook(mail) for mail in mails]
    other = post.webhook(post.require(keys.active))
    for one in told:
        for _, request in one.spoilt(other.body):
            post.report(request, is_right=False)
    arrived = post.arrives(keys.active, letter(recipient))
    for mail in mails:
        post.fail(mail)
    establish(post.is_suppressed(keys.active, recipient), "right webhooks are counted")
    assert arrived, "webhooks that are not the provider's have an address suppressed"


@requirement("MAIL-05")
def test_a_webhook_that_is_repeated_counts_once(post: Post, keys: Keys, target: Target) -> None:
    """The same bytes again and again; then other messages fail, which is counted."""
    recipient, count = address(), max(target.mail.suppressed_after, _REPLAYS)
    mails = [post.require(keys.active, letter(recipient)) for _ in range(count)]
    request = post.webhook(mails[0]).request()
    first = post.report(request)
    establish(is_done(first), f"it is accepted (got {first})")
    still = post.arrives(keys.active, letter(recipient))
    establish(still, "one failure alone withholds no mail")
    for _ in range(count):
        post.report(request)
    arrived = post.arrives(keys.active, letter(recipient))
    for mail in mails[1:]:
        post.fail(mail)
    establish(post.is_suppressed(keys.active, recipient), "failures of other messages are counted")
    assert arrived, f"one webhook, sent {count + 1} times, has an address suppressed"
