"""ROT, continued: what a rotation may and may not do to keys and to what is told of them."""

from __future__ import annotations

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from conformance.evidence.admin import Administrator
from conformance.redaction import spellings
from conformance.requirement import requirement
from conformance.target import supplied
from conformance.verdicts import establish

if TYPE_CHECKING:
    import pytest

    from conformance.evidence.app_sql import AppDatabase
    from conformance.evidence.auditor import AuditReader
    from conformance.evidence.log_stream import LogStream
    from conformance.evidence.passage import Passage
    from conformance.evidence.wire import Wire
    from conformance.forge.keys import Keys
    from conformance.target import Target

HOUR = 3600
MINUTE = 60
AT_ONCE = 6


@requirement("ROT-05")
def test_a_minted_key_is_nowhere_afterwards(
    administrator: Administrator, wire: Wire, auditor: AuditReader, log: LogStream, target: Target
) -> None:
    """The key is minted and used; then log, database and a further rotation are searched."""
    mark = log.mark()
    key = administrator.mint()
    establish(wire.knock(key).succeeded, "the minted key works")
    again = administrator.attempt(supplied(target.admin).token)
    establish(again.status == HTTPStatus.OK, "a further rotation works")
    last = wire.knock(key)
    identity = last.header(target.headers.request_id) or ""
    text = log.until(mark, identity)
    establish(identity and identity in text, "the log tells of the request")
    places = {"a later response": again.text, "the log": text, "the database": auditor.dump()}
    found = [
        place for place, words in places.items() if any(form in words for form in spellings(key))
    ]
    assert not found, f"the minted key stands in {', '.join(found)}"


def bad_bodies(tenant: str) -> dict[str, tuple[str, Any]]:
    """Return bodies a rotation must refuse, with the field that is at fault."""
    good = "a description"
    return {
        "no UUID": ("tenantId", {"tenantId": "tenant-1", "description": good}),
        "no tenant": ("tenantId", {"description": good}),
        "a list for a tenant": ("tenantId", {"tenantId": [tenant], "description": good}),
        "an unknown tenant": ("tenantId", {"tenantId": str(uuid.uuid4()), "description": good}),
        "an empty description": ("description", {"tenantId": tenant, "description": ""}),
        "121 characters": ("description", {"tenantId": tenant, "description": "x" * 121}),
        "a number": ("description", {"tenantId": tenant, "description": 7}),
        "no description": ("description", {"tenantId": tenant}),
    }


@requirement("ROT-06")
def test_a_bad_rotation_is_refused_by_field(
    administrator: Administrator, wire: Wire, target: Target, request: pytest.FixtureRequest
) -> None:
    """The right token with each bad body: the answer names the field, and no key changes."""
    establish(administrator.mint(), "a good body rotates")
    token, route = supplied(target.admin).token, administrator.route
    app_sql: AppDatabase | None = None
    if target.channels.app_sql is not None:
        app_sql = request.getfixturevalue("app_sql")
    before = app_sql.key_rows(administrator.tenant_id) if app_sql else None
    for what, (field, body) in bad_bodies(administrator.tenant_id).items():
        answer = wire.post_admin(route, json.dumps(body).encode(), token)
        assert 400 <= answer.status < 500, f"{what}: {answer}"
        assert field in answer.text, f"{what}: {answer}"
        assert "apiKey" not in answer.text, f"{what}: the refusal holds a key"
    for body in (b"", b"{", b"[]", b"null"):
        answer = wire.post_admin(route, body, token)
        assert 400 <= answer.status < 500, f"{body!r}: {answer}"
    if app_sql:
        after = app_sql.key_rows(administrator.tenant_id)
        assert after == before, (
            "bad rotations changed the tenant's key rows: "
            f"{len(before or ())} before, {len(after)} after"
        )


@requirement("ROT-07")
def test_a_second_rotation_does_not_lengthen_the_first_grace(
    administrator: Administrator, wire: Wire, passage: Passage, target: Target
) -> None:
    """The oldest key is an hour from its end when the next rotation comes, and ends on time."""
    grace = target.limits.rotation_grace_seconds
    oldest, _ = administrator.mint(), administrator.mint()
    passage.of(grace - HOUR)
    establish(wire.knock(oldest).succeeded, "the oldest key is still in its grace")
    newest = administrator.mint()
    passage.of(HOUR + MINUTE)
    establish(wire.knock(newest).succeeded, "the newest key works")
    answer = wire.knock(oldest)
    assert answer.status == HTTPStatus.UNAUTHORIZED, (
        f"after its own grace, the oldest key was answered {answer}"
    )
    administrator.mint()
    answer = wire.knock(oldest)
    assert answer.status == HTTPStatus.UNAUTHORIZED, (
        f"after its own grace and one more rotation, the oldest key was answered {answer}"
    )


@requirement("ROT-07")
def test_a_rotation_touches_no_other_tenant(
    administrator: Administrator, wire: Wire, keys: Keys, passage: Passage, target: Target
) -> None:
    """The other tenants' keys outlive the grace of a rotation that was not theirs."""
    administrator.mint()
    passage.of(target.limits.rotation_grace_seconds + HOUR)
    for tenant in (keys.a, keys.b):
        answer = wire.knock(tenant.active)
        assert answer.succeeded, (
            f"past the grace of another tenant's rotation, a key was answered {answer}"
        )


@requirement("ROT-08")
def test_concurrent_rotations_all_succeed(administrator: Administrator, wire: Wire) -> None:
    """Each rotation's key must work: the newest for good, the others in their grace."""
    establish(administrator.mint(), "a rotation works")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(Administrator.attempt_rightly, [administrator] * AT_ONCE))
    assert [answer.status for answer in answers] == [HTTPStatus.OK] * AT_ONCE, (
        f"rotations at once were answered {[answer.status for answer in answers]}"
    )
    minted = [administrator.key_of(answer) for answer in answers]
    assert len(set(minted)) == AT_ONCE, (
        f"{AT_ONCE} rotations at once returned {len(set(minted))} different keys"
    )
    refused = [number for number, key in enumerate(minted) if not wire.knock(key).succeeded]
    assert not refused, f"{len(refused)} of {AT_ONCE} keys minted at once do not work"
