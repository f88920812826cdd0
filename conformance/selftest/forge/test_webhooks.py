"""Webhooks are signed as Standard Webhooks say, and each spoilt one differs by one thing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.forge.webhooks import Webhook
from conformance.profile.mail import MailWebhook
from conformance.profile.sections import Resolved

if TYPE_CHECKING:
    from conformance.forge.requests import Request

FORM = MailWebhook.model_validate(
    {"path": "/hook", "secret": Resolved("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")}
)
WEBHOOK = Webhook(FORM, b'{"test": 2432232314}', 1614265330.5, "msg_p5jXN8AQM9LWM0D4loKWxJek")
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
"""That of the specification's own example, which its libraries are tested by."""


def told(request: Request) -> tuple[str | None, str | None, str | None, bytes]:
    fields = dict(request.headers)
    identity, timestamp, signature = (
        fields.get(f"svix-{one}") for one in ("id", "timestamp", "signature")
    )
    return identity, timestamp, signature, request.body or b""


def test_the_specifications_example_has_its_signature() -> None:
    assert told(WEBHOOK.request()) == (WEBHOOK.id, "1614265330", SIGNATURE, WEBHOOK.body)


def test_each_spoilt_one_is_another() -> None:
    right = told(WEBHOOK.request())
    spoilt = [told(request) for _, request in WEBHOOK.spoilt(b"another")]
    assert right not in spoilt
    assert len({*spoilt}) == len(spoilt)
    # Those that tell of another time are signed anew, so that the time alone is wrong.
    old, early = (one for one in spoilt if one[1] in {"1614264730", "1614265930"})
    assert SIGNATURE not in {old[2], early[2]}


def test_headers_go_by_the_profiles_names() -> None:
    form = FORM.model_copy(update={"id_header": "webhook-id"})
    fields = dict(Webhook(form, b"", 0, "msg_1").request().headers)
    assert fields["webhook-id"] == "msg_1"
    assert "svix-id" not in fields


def test_a_secret_that_is_no_base64_is_named() -> None:
    with pytest.raises(ValueError, match="whsec_ and base64"):
        MailWebhook.model_validate({"path": "/hook", "secret": Resolved("whsec_*")})
