"""The provider's webhook and the links in messages, asked as browsers and programs ask them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reference_server.core.settings import Limits
from reference_server.tests.fakes import START, TENANT_A, TENANT_B, World
from reference_server.tests.mail.posting import ORIGIN, Ledger, noted, signed, told_of, wired
from reference_server.web.app import create_app

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from reference_server.mail.contracts import MailParts

NOW = int(START.timestamp())
TO = "a@example.com"
HOOK = "/webhooks/mail"


@pytest.fixture(name="world")
def made() -> World:
    return World()


@pytest.fixture(name="ledger")
def kept() -> Ledger:
    return Ledger()


@pytest.fixture(name="mail")
def parts(tmp_path: Path, world: World, ledger: Ledger) -> MailParts:
    return replace(wired(tmp_path, world.clock), ledger=ledger)


@pytest.fixture(name="client")
def asking(world: World, mail: MailParts) -> FlaskClient:
    world.replaced["mail"] = mail
    return create_app(world.settings, world.parts()).test_client()


def report(client: FlaskClient, body: bytes, moment: int = NOW) -> TestResponse:
    return client.post(HOOK, data=body, headers=signed(body, moment))


def link_of(mail: MailParts, tenant: UUID, message: UUID) -> str:
    return mail.links.make(tenant, message).removeprefix(ORIGIN)


def test_three_permanent_failures_suppress_and_are_told(
    world: World, ledger: Ledger, client: FlaskClient
) -> None:
    messages = [ledger.record(TENANT_A, TO) for _ in range(3)]
    for one in messages:
        answer = report(client, told_of(TENANT_A, one))
        assert (answer.status_code, answer.json) == (200, {"ok": True})
    assert world.types() == ["mail.failed"] * 3 + ["mail.suppressed"]
    assert {row.tenant_id for row in world.trail.rows} == {TENANT_A}
    assert noted(world.trail, "message") == [str(one) for one in (*messages, messages[-1])]
    assert noted(world.trail, "reason") == [None, None, None, "failures"]
    assert TO not in str(world.trail.rows)


def test_a_webhook_that_is_repeated_changes_nothing(
    world: World, ledger: Ledger, client: FlaskClient
) -> None:
    body = told_of(TENANT_A, ledger.record(TENANT_A, TO))
    for _ in range(5):
        assert report(client, body).status_code == 200
    assert world.types() == ["mail.failed"]
    assert not ledger.is_suppressed(TENANT_A, TO)


@pytest.mark.parametrize("age", [301, 3600, -301])
def test_a_webhook_of_another_time_is_refused(
    world: World, ledger: Ledger, client: FlaskClient, age: int
) -> None:
    body = told_of(TENANT_A, ledger.record(TENANT_A, TO))
    answer = report(client, body, NOW - age)
    assert (answer.status_code, answer.json) == (400, {"error": "invalid_webhook"})
    assert (ledger.failed, world.types()) == ([], ["mail.webhook_refused"])


@pytest.mark.parametrize("age", [300, -300])
def test_clocks_may_differ_by_five_minutes(ledger: Ledger, client: FlaskClient, age: int) -> None:
    body = told_of(TENANT_A, ledger.record(TENANT_A, TO))
    assert report(client, body, NOW - age).status_code == 200
    assert len(ledger.failed) == 1


def test_a_webhook_that_was_caught_is_of_no_use_later(
    world: World, ledger: Ledger, client: FlaskClient
) -> None:
    first, second = (told_of(TENANT_A, ledger.record(TENANT_A, TO)) for _ in range(2))
    assert report(client, first).status_code == 200
    assert client.post(HOOK, data=second, headers=signed(first, NOW)).status_code == 400
    world.clock.advance(301)
    assert client.post(HOOK, data=first, headers=signed(first, NOW)).status_code == 400
    assert len(ledger.failed) == 1


@pytest.mark.parametrize("lacking", ["svix-id", "svix-timestamp", "svix-signature"])
def test_a_webhook_lacks_nothing(ledger: Ledger, client: FlaskClient, lacking: str) -> None:
    body = told_of(TENANT_A, ledger.record(TENANT_A, TO))
    headers = {name: value for name, value in signed(body, NOW).items() if name != lacking}
    assert client.post(HOOK, data=body, headers=headers).status_code == 400
    assert ledger.failed == []


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"no JSON", b"[]", b"{}", b'{"type": "email.bounced", "data": 1}'),
        told_of(TENANT_B, TENANT_B),
        told_of(TENANT_A, TENANT_A, kind="email.delivered"),
    ],
)
def test_what_tells_of_no_message_of_ours_is_acknowledged(
    world: World, client: FlaskClient, body: bytes
) -> None:
    assert report(client, body).status_code == 200
    assert world.types() == []


def test_a_failure_that_passes_is_none(ledger: Ledger, client: FlaskClient) -> None:
    body = told_of(TENANT_A, ledger.record(TENANT_A, TO), bounce="Transient")
    assert report(client, body).status_code == 200
    assert ledger.failed == []


def test_another_tenants_word_is_none(ledger: Ledger, client: FlaskClient) -> None:
    body = told_of(TENANT_B, ledger.record(TENANT_A, TO))
    assert report(client, body).status_code == 200
    assert ledger.failed == []


def test_a_complaint_ends_mail(world: World, ledger: Ledger, client: FlaskClient) -> None:
    body = told_of(TENANT_A, ledger.record(TENANT_A, TO), kind="email.complained")
    for _ in range(2):
        assert report(client, body).status_code == 200
    assert ledger.is_suppressed(TENANT_A, TO)
    assert noted(world.trail, "reason") == ["complained"]


def test_a_webhook_comes_again_where_it_could_not_be_noted(
    ledger: Ledger, client: FlaskClient
) -> None:
    body = told_of(TENANT_A, ledger.record(TENANT_A, TO))
    ledger.is_down = True
    assert report(client, body).status_code == 503
    ledger.is_down = False
    assert report(client, body).status_code == 200
    assert len(ledger.failed) == 1


def test_looking_at_a_link_ends_nothing(
    world: World, ledger: Ledger, mail: MailParts, client: FlaskClient
) -> None:
    link = link_of(mail, TENANT_A, ledger.record(TENANT_A, TO))
    assert b"<form" in client.get(link).data
    assert client.head(link).status_code == 200
    assert not ledger.is_suppressed(TENANT_A, TO)
    assert world.types() == []


def test_one_click_ends_mail_once(
    world: World, ledger: Ledger, mail: MailParts, client: FlaskClient
) -> None:
    """By the body that RFC 8058 names, with neither a cookie nor a credential."""
    link = link_of(mail, TENANT_A, ledger.record(TENANT_A, TO))
    for _ in range(2):
        answer = client.post(link, data={"List-Unsubscribe": "One-Click"})
        assert (answer.status_code, b"Done" in answer.data) == (200, True)
    assert ledger.is_suppressed(TENANT_A, TO)
    assert not ledger.is_suppressed(TENANT_B, TO)
    assert world.types() == ["mail.suppressed"]
    assert TO not in str(world.trail.rows)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_link_that_was_not_ours_is_not_found(
    ledger: Ledger, mail: MailParts, client: FlaskClient, method: str
) -> None:
    link = link_of(mail, TENANT_A, ledger.record(TENANT_A, TO))
    for forged in (f"{link[:-4]}AAAA", f"{link}A", "/unsubscribe/a"):
        assert client.open(forged, method=method).status_code == 404
    assert ledger.ended == set()


def test_a_link_that_is_too_old_says_so(mail: MailParts, client: FlaskClient) -> None:
    answer = client.post(link_of(mail, TENANT_A, TENANT_B))
    assert (answer.status_code, b"nothing has changed" in answer.data) == (410, True)


def test_a_link_says_done_only_where_that_was_noted(
    ledger: Ledger, mail: MailParts, client: FlaskClient
) -> None:
    link = link_of(mail, TENANT_A, ledger.record(TENANT_A, TO))
    ledger.is_down = True
    answer = client.post(link)
    assert (answer.status_code, b"Done" in answer.data) == (503, False)


def test_mailbox_providers_may_ask_for_many_and_without_a_name(
    ledger: Ledger, tmp_path: Path
) -> None:
    limits = replace(Limits(), scanner_requests=2)
    world = World(changed={"scanner_triage": True}, limits=limits)
    mail = world.replaced["mail"] = replace(wired(tmp_path, world.clock), ledger=ledger)
    client = create_app(world.settings, world.parts()).test_client()
    del client.environ_base["HTTP_USER_AGENT"]
    for _ in range(5):
        link = link_of(mail, TENANT_A, ledger.record(TENANT_A, TO))
        assert client.post(link).status_code == 200


def test_a_server_without_mail_has_neither() -> None:
    world = World()
    client = create_app(world.settings, world.parts()).test_client()
    body = told_of(TENANT_A, TENANT_A)
    assert report(client, body).status_code in {401, 404}
    assert client.get("/unsubscribe/a").status_code in {401, 404}
