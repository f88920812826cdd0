"""A mail provider by the HTTP API of Resend, which delivers nothing and tells the judge what came.

``POST /emails`` with a bearer token and a JSON object that has ``from``, ``to`` and ``subject`` is
answered with the message's id: ``{"id"}``. What is not so is answered as the provider does, with
``{"statusCode", "name", "message"}``. What has come is told as by ``downstream``, where a call's id
is the message's. (https://resend.com/docs/api-reference/emails/send-email)
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from conformance.world.downstream import Call, DownstreamApi

if TYPE_CHECKING:
    from collections.abc import Mapping

EMAILS = "/emails"
_NEEDED = ("from", "to", "subject")
_BEARER = "Bearer "


class MailProvider(DownstreamApi):
    """The server. Port 0 takes a free one."""

    def answer_to(self, call: Call) -> tuple[int, Mapping[str, Any]]:
        """Return a message's id, or what is wrong with it."""
        if (call.method, call.path) != ("POST", EMAILS):
            return _complaint(404, "not_found", "There is no such endpoint.")
        if not (call.shown or "").startswith(_BEARER):
            return _complaint(401, "missing_api_key", "Show an API key as a bearer token.")
        message = _object(call.body)
        lacking = next((name for name in _NEEDED if not message.get(name)), None)
        if lacking is not None:
            return _complaint(422, "missing_required_field", f"Missing `{lacking}` field.")
        return 200, {"id": call.id}


def _object(body: str) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _complaint(status: int, name: str, message: str) -> tuple[int, dict[str, Any]]:
    return status, {"statusCode": status, "name": name, "message": message}
