"""The mail provider: what it takes, how it refuses, and what it tells of what came."""

from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from conformance.channels.http.mailbox import Mailbox
from conformance.profile.delivery import MailApi
from conformance.profile.sections import Resolved
from conformance.selftest.worlds import AMPLE, CONTROL, served
from conformance.verdicts import NotEstablishedError
from conformance.world.mail import MailProvider

if TYPE_CHECKING:
    from collections.abc import Generator

MESSAGE = {
    "from": "Reports <reports@mail.example>",
    "to": ["A <a@example.com>", "B@example.com"],
    "bcc": "c@example.com",
    "subject": "A report",
    "text": "word-1 in a text",
    "headers": {"List-Unsubscribe": "<https://mail.example/leave>"},
    "tags": [{"name": "tenant", "value": "one"}],
}
HEADERS = {"Authorization": "Bearer re_123", "User-Agent": "test/1", "Content-Type": "text/json"}


@pytest.fixture(name="url")
def running() -> Generator[str]:
    with served(MailProvider(("127.0.0.1", 0), CONTROL)) as url:
        yield url


def mailbox(url: str, control: str = CONTROL) -> Mailbox:
    return Mailbox(MailApi.model_validate({"url": url, "control": Resolved(control)}))


def asked(
    url: str,
    message: Any = MESSAGE,
    *,
    method: str = "POST",
    path: str = "/emails",
    without: str = "",
) -> tuple[int, dict[str, Any]]:
    line = http.client.HTTPConnection(url.removeprefix("http://"), timeout=AMPLE)
    headers = {name: value for name, value in HEADERS.items() if name != without}
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    line.request(method, path, body, headers)
    answer = line.getresponse()
    told = json.loads(answer.read())
    line.close()
    return answer.status, told


def test_a_message_is_taken_and_has_an_id_of_its_own(url: str) -> None:
    status, told = asked(url)
    assert (status, list(told)) == (200, ["id"])
    assert UUID(told["id"]) != UUID(asked(url)[1]["id"])
    first, second = mailbox(url).mails("word-1")
    assert first.id == told["id"] != second.id


def test_a_message_is_told_as_it_came(url: str) -> None:
    asked(url)
    (mail,) = mailbox(url).mails("word-1")
    assert mail.domain == "mail.example"
    assert mail.recipients == ["a@example.com", "b@example.com", "c@example.com"]
    assert mail.headers == {"list-unsubscribe": "<https://mail.example/leave>"}
    assert mail.tags == {"tenant": "one"}
    assert (mail.text, mail.html) == ("word-1 in a text", None)
    assert mailbox(url).mails("another-word") == []


def test_a_long_message_is_taken_whole(url: str) -> None:
    assert asked(url, {**MESSAGE, "html": "ä" * 20_000})[0] == 200
    (mail,) = mailbox(url).mails("word-1")
    assert mail.html == "ä" * 20_000


@pytest.mark.parametrize(
    ("changed", "status", "name"),
    [
        ({"without": "User-Agent"}, 403, "1010"),
        ({"without": "Authorization"}, 401, "missing_api_key"),
        ({"path": "/email"}, 404, "not_found"),
        ({"method": "GET"}, 405, "method_not_allowed"),
        ({"message": {**MESSAGE, "from": ""}}, 422, "missing_required_field"),
        ({"message": {**MESSAGE, "to": []}}, 422, "missing_required_field"),
        ({"message": {**MESSAGE, "subject": None}}, 422, "missing_required_field"),
        ({"message": [MESSAGE]}, 422, "missing_required_field"),
        ({"message": b"word-1, which is no JSON"}, 422, "missing_required_field"),
    ],
)
def test_what_is_no_message_is_refused_as_the_provider_does(
    url: str, changed: dict[str, Any], status: int, name: str
) -> None:
    found, told = asked(url, **changed)
    assert found == told["statusCode"] == status
    assert told["name"] == name
    assert told["message"]
    (call,) = mailbox(url).calls("word-1")
    assert call.status == status
    assert mailbox(url).mails("word-1") == [], "what was refused is not sent"


def test_who_does_not_know_the_control_word_reads_no_mail(url: str) -> None:
    asked(url)
    with pytest.raises(NotEstablishedError, match=r"conformance\.world mail"):
        mailbox(url, "another-word").mails("word-1")
