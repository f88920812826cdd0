"""Messages on their way out: to the judge's provider, and to providers that take none."""

from __future__ import annotations

import http.client
import json
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from reference_server.core.errors import ConfigurationError, StorageUnavailableError, ToolError
from reference_server.core.principal import Principal
from reference_server.core.secrets import MAIL_KEY, MAIL_WEBHOOK
from reference_server.demo.mail import DemoMail
from reference_server.demo.ports import free_port
from reference_server.mail.contracts import Letter, RefusedMailError
from reference_server.mail.ledger import SqlLedger
from reference_server.mail.mailer import Mailer
from reference_server.mail.resend import Resend
from reference_server.outbound import documents
from reference_server.outbound.documents import HttpsDocuments
from reference_server.tests.answering import Silent, answering
from reference_server.tests.fakes import TENANT_A, FakeClock, FakeTrail
from reference_server.tests.mail.posting import Ledger, Provider, noted, settings_of, wired
from reference_server.tests.rows import add_tenant
from reference_server.tests.waiting import becomes_true
from reference_server.wiring_mail import mail_parts

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from sqlalchemy import Engine

    from reference_server.mail.contracts import MailParts

LETTER = Letter("A@example.com", "A report", "The report of the week.")
SOMEBODY = Principal(TENANT_A, uuid4())
_over = threading.Event()


class _Broken(Silent):
    """Answers by the first part of the path: with that status, or never."""

    def do_POST(self) -> None:
        """Answer, if at all."""
        word = self.path.split("/")[1]
        if word == "never":
            _over.wait(5)
            return
        self.send_response(int(word))
        self.send_header("Location", "/200/emails")
        self.end_headers()


@pytest.fixture(name="broken")
def answered() -> Generator[str]:
    _over.clear()
    with answering(_Broken) as port:
        yield f"http://127.0.0.1:{port}"
        _over.set()


@pytest.fixture(name="parts")
def made(tmp_path: Path) -> MailParts:
    return wired(tmp_path, FakeClock())


@pytest.fixture(name="trail")
def written() -> FakeTrail:
    return FakeTrail()


def told_by(mail: DemoMail) -> list[dict[str, Any]]:
    line = http.client.HTTPConnection("127.0.0.1", mail.port, timeout=5)
    try:
        line.request("GET", "/.hallmark/calls", headers={"Authorization": f"Bearer {mail.control}"})
        return json.loads(line.getresponse().read())["calls"]
    finally:
        line.close()


def is_up(mail: DemoMail) -> bool:
    try:
        return told_by(mail) == []
    except OSError:
        return False


def test_the_provider_takes_what_is_sent(
    tmp_path: Path, owner_engine: Engine, app_engine: Engine, trail: FakeTrail
) -> None:
    """The judge's provider, which refuses what Resend refuses; a real ledger."""
    mail = DemoMail(tmp_path)
    somebody = replace(SOMEBODY, tenant_id=add_tenant(owner_engine))
    parts = wired(tmp_path, FakeClock(), app_engine, mail_api=mail.url)
    with mail.running():
        assert becomes_true(lambda: is_up(mail), 20)
        sent = Mailer(parts, trail).send(LETTER, somebody, "r")
        (call,) = told_by(mail)
    assert (call["method"], call["path"], call["status"]) == ("POST", "/emails", 200)
    document = json.loads(call["body"])
    assert document["from"] == "notifications@mail.example.com"
    assert document["to"] == ["a@example.com"]
    assert {"name": "message", "value": str(sent)} in document["tags"]
    assert ["Authorization", "Bearer re_123456"] in call["headers"]
    (row,) = trail.rows
    assert (row.event_type, row.metadata) == ("mail.sent", {"message": str(sent)})
    assert parts.ledger.fail(somebody.tenant_id, sent) == 1


@pytest.mark.parametrize("path", ["302", "400", "401", "403", "422", "429", "500", "503", "never"])
def test_what_the_provider_does_not_take_fails_and_is_kept(
    broken: str, path: str, parts: MailParts, trail: FakeTrail, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kept, since a provider that did not answer may have taken it, and may yet tell of it."""
    monkeypatch.setattr(documents, "SECONDS", 0.3)
    provider = Resend(HttpsDocuments([broken]), f"{broken}/{path}", "re_123456")
    with pytest.raises(ToolError, match="did not take") as failed:
        Mailer(replace(parts, provider=provider), trail).send(LETTER, SOMEBODY, "r")
    assert not isinstance(failed.value, RefusedMailError)
    (row,) = trail.rows
    assert (row.event_type, row.outcome) == ("mail.refused", "failure")
    assert noted(trail, "reason") == ["provider"]
    assert "re_123456" not in f"{failed.value} {failed.value.detail} {row.metadata}"
    (message,) = noted(trail, "message")
    assert parts.ledger.fail(TENANT_A, UUID(message)) == 1


def test_a_provider_that_is_out_fails(parts: MailParts, trail: FakeTrail) -> None:
    origin = f"http://127.0.0.1:{free_port()}"
    gone = replace(parts, provider=Resend(HttpsDocuments([origin]), origin, "re_123456"))
    with pytest.raises(ToolError, match="did not take"):
        Mailer(gone, trail).send(LETTER, SOMEBODY, "r")
    assert noted(trail, "reason") == ["provider"]


def test_nothing_is_sent_that_cannot_be_noted(parts: MailParts, trail: FakeTrail) -> None:
    ledger, provider = Ledger(), Provider()
    ledger.is_down = True
    with pytest.raises(StorageUnavailableError):
        Mailer(replace(parts, ledger=ledger, provider=provider), trail).send(LETTER, SOMEBODY, "r")
    assert provider.taken == []


def test_nothing_is_sent_while_the_database_is_away(
    parts: MailParts, trail: FakeTrail, app_engine: Engine
) -> None:
    provider = Provider()
    unknown = replace(parts, ledger=SqlLedger(app_engine, 3), provider=provider)
    with pytest.raises(StorageUnavailableError):  # there is no such tenant to note it of
        Mailer(unknown, trail).send(LETTER, SOMEBODY, "r")
    assert provider.taken == []


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"recipient": "a@example.com\r\nBcc: b@example.com"}, "recipient"),
        ({"subject": "A\nB"}, "subject"),
        ({"text": ""}, "body"),
        ({"html": "<p>and more</p>"}, "body"),
        ({"text": "x" * 20_001}, "body"),
        ({"text": "Reply with your password today."}, "content"),
    ],
)
def test_what_is_refused_is_neither_sent_nor_kept(
    parts: MailParts, trail: FakeTrail, changed: dict[str, str], reason: str
) -> None:
    ledger, provider = Ledger(), Provider()
    mailer = Mailer(replace(parts, ledger=ledger, provider=provider), trail)
    with pytest.raises(RefusedMailError):
        mailer.send(replace(LETTER, **changed), SOMEBODY, "r")
    assert (provider.taken, ledger.sent) == ([], {})
    (row,) = trail.rows
    assert (row.event_type, noted(trail, "reason")) == ("mail.refused", [reason])
    assert "example.com" not in str(row.metadata)


def test_a_suppressed_address_gets_nothing(parts: MailParts, trail: FakeTrail) -> None:
    ledger, provider = Ledger(), Provider()
    mailer = Mailer(replace(parts, ledger=ledger, provider=provider), trail)
    for _ in range(3):
        ledger.fail(TENANT_A, mailer.send(LETTER, SOMEBODY, "r"))
    with pytest.raises(RefusedMailError, match="Write to another"):
        mailer.send(LETTER, SOMEBODY, "r")
    mailer.send(replace(LETTER, recipient="b@example.com"), SOMEBODY, "r")
    assert [one["to"] for one in provider.taken] == [["a@example.com"]] * 3 + [["b@example.com"]]


def test_each_part_ends_with_a_footer(parts: MailParts, trail: FakeTrail) -> None:
    provider = Provider()
    mailer = Mailer(replace(parts, provider=provider), trail)
    mailer.send(replace(LETTER, text="", html="<p>A report<!-- "), SOMEBODY, "r")
    (document,) = provider.taken
    link = document["headers"]["List-Unsubscribe"].strip("<>")
    assert document["headers"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert document["text"].endswith(f"To unsubscribe: {link}\n")
    assert document["html"].endswith(f'<a href="{link}">Unsubscribe</a></p>')


def test_a_server_without_a_domain_sends_no_mail(tmp_path: Path) -> None:
    engine: Any = None
    settings = settings_of(tmp_path, mail_domain=None)
    assert mail_parts(settings, bytes(32), engine, FakeClock()) is None


def test_what_mail_needs_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="--public-url"):
        wired(tmp_path, FakeClock(), public_url=None)
    for name in (MAIL_KEY, MAIL_WEBHOOK):
        settings = settings_of(tmp_path)
        (tmp_path / name).unlink()
        engine: Any = None
        with pytest.raises(ConfigurationError, match=name):
            mail_parts(settings, bytes(32), engine, FakeClock())
