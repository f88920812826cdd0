"""Recipients and subjects, markup, links and webhooks, each by itself."""

from __future__ import annotations

import base64
import hmac
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from reference_server.core.errors import ConfigurationError
from reference_server.mail.addresses import recipient_of, subject_of
from reference_server.mail.contracts import RefusedMailError
from reference_server.mail.links import SignedLinks
from reference_server.mail.markup import read_markup
from reference_server.mail.webhooks import SignedWebhooks

NOW = datetime(2026, 12, 1, tzinfo=UTC)
KEY = b"0123456789abcdef01234567"
SECRET = "whsec_" + base64.b64encode(KEY).decode()
BODY = b'{"type":"email.bounced"}'


class _Clock:
    def now(self) -> datetime:
        return NOW


def _headers(body: bytes = BODY, age: int = 0, **changed: str) -> dict[str, str]:
    stamp = str(int(NOW.timestamp()) - age)
    signed = f"msg_1.{stamp}.".encode() + body
    made = "v1," + base64.b64encode(hmac.digest(KEY, signed, "sha256")).decode()
    told = {"svix-id": "msg_1", "svix-timestamp": stamp, "svix-signature": made}
    return told | {name.replace("_", "-"): value for name, value in changed.items()}


@pytest.mark.parametrize(
    "told",
    [
        *("", "nobody", "a@b", "a@example.com\r\nBcc: b@example.com", "a@example.com\n"),
        *("A <a@example.com>", "a@example.com,b@example.com", " a@example.com", "a@example.com\0"),
        *('"a"@example.com', "a..b@example.com", "а@example.com", f"{'a' * 65}@example.com"),  # noqa: RUF001
    ],
)
def test_what_is_no_plain_address_is_refused(told: str) -> None:
    with pytest.raises(RefusedMailError, match="name@example"):
        recipient_of(told)


def test_an_address_is_kept_in_small_letters() -> None:
    assert recipient_of("First.Last+tag@EXAMPLE.com") == "first.last+tag@example.com"


@pytest.mark.parametrize(
    "told", ["", " ", "a\r\nb", "a\nb", "a\0b", "a\u2028b", "a\x85b", "a" * 201]
)
def test_a_subject_is_one_line(told: str) -> None:
    with pytest.raises(RefusedMailError, match="one line"):
        subject_of(told)


@pytest.mark.parametrize(
    ("body", "text", "markup"),
    [
        ("<p>a<b>b</p>", "ab", "<p>a<b>b</b></p>"),
        ("a<!-- b -->c", "ac", "ac"),
        ('a<span style="display: none">b</span>c', "ac", "ac"),
        ("a<script>b</script>c", "ac", "ac"),
        ('<a href="javascript:x">a</a>', "a", "<a>a</a>"),
        ('<p onclick="x" class="y">a</p>', "a", "<p>a</p>"),
        ("a &lt;b&gt; c", "a <b> c", "a &lt;b&gt; c"),
    ],
)
def test_markup_is_read_and_repaired(body: str, text: str, markup: str) -> None:
    shown = read_markup(body)
    assert (shown.text, shown.markup) == (text, markup)


def test_a_link_is_read_back_and_no_other_is() -> None:
    links, tenant, message = SignedLinks("https://host.example", bytes(32)), uuid4(), uuid4()
    word = links.make(tenant, message).removeprefix("https://host.example/unsubscribe/")
    assert links.read(word) == (tenant, message)
    assert SignedLinks("https://host.example", b"x" * 32).read(word) is None
    for forged in ("", "a", word[:-1], word[::-1], word + "AAAA"):
        assert links.read(forged) is None


def test_a_right_webhook_is_admitted() -> None:
    webhooks = SignedWebhooks(SECRET, _Clock())
    assert webhooks.admits(_headers(), BODY)
    several = f"v1,AAAA {_headers()['svix-signature']}"
    assert webhooks.admits(_headers(svix_signature=several), BODY)


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (_headers(), b"another"),
        (_headers(age=301), BODY),
        (_headers(age=-301), BODY),
        (_headers(svix_signature=""), BODY),
        (_headers(svix_signature="v1,"), BODY),
        (_headers(svix_signature=_headers()["svix-signature"][:20]), BODY),
        (_headers(svix_signature=_headers()["svix-signature"].replace("v1", "v0")), BODY),
        (_headers(svix_id="msg_2"), BODY),
        (_headers(svix_id=""), BODY),
        (_headers(svix_timestamp="nan"), BODY),
        (_headers(svix_timestamp="9" * 400), BODY),
        ({}, BODY),
    ],
)
def test_a_webhook_that_is_not_right_is_not_admitted(headers: dict[str, str], body: bytes) -> None:
    assert not SignedWebhooks(SECRET, _Clock()).admits(headers, body)


def test_a_secret_that_is_none_is_named() -> None:
    with pytest.raises(ConfigurationError, match="MAIL_WEBHOOK_SECRET"):
        SignedWebhooks("whsec_*", _Clock())
