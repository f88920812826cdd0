"""ROT: a tenant gets a new key and the old one ends, in its own time."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from conformance.forge.keys import random_key
from conformance.model import Channel
from conformance.requirement import requirement
from conformance.verdicts import establish

if TYPE_CHECKING:
    from conformance.channels.http.admin import Administrator
    from conformance.channels.http.wire import Wire
    from conformance.channels.passage import Passage
    from conformance.channels.sql.app_role import AppDatabase
    from conformance.profile.target import Target

HOUR = 3600
MINUTE = 60


@requirement("ROT-01")
def test_a_rotated_key_works_at_once(administrator: Administrator, wire: Wire) -> None:
    """The first request after the rotation already carries the new key."""
    minted = administrator.mint()
    answer = wire.knock(minted)
    assert answer.status == HTTPStatus.OK, f"the new key was answered {answer}"
    assert answer.succeeded, f"the new key's request was not carried out: {answer}"


@requirement("ROT-02")
def test_the_old_key_works_until_its_grace_is_nearly_over(
    administrator: Administrator, wire: Wire, passage: Passage, target: Target
) -> None:
    """A client that picks up its new key within the day never sees a refusal."""
    old = administrator.mint()
    establish(wire.knock(old).succeeded, "the key works before it is rotated")
    administrator.mint()
    after = wire.knock(old)
    assert after.succeeded, f"right after the rotation, the old key was answered {after}"
    passage.of(target.limits.rotation_grace_seconds - 10 * MINUTE)
    late = wire.knock(old)
    assert late.succeeded, f"ten minutes before its grace ends, the old key was answered {late}"


@requirement("ROT-03")
def test_the_old_key_is_refused_an_hour_after_its_grace(
    administrator: Administrator, wire: Wire, passage: Passage, target: Target
) -> None:
    """The new key still works, so the old one is refused for its age and nothing else."""
    old, new = administrator.mint(), administrator.mint()
    establish(wire.knock(old).succeeded, "the old key works within the grace")
    passage.of(target.limits.rotation_grace_seconds + HOUR)
    establish(wire.knock(new).succeeded, "the new key works")
    answer = wire.knock(old)
    assert answer.status == HTTPStatus.UNAUTHORIZED, (
        f"an hour after its grace, the old key was answered {answer}"
    )


@requirement("ROT-04")
def test_without_the_admin_token_rotation_is_refused(
    administrator: Administrator, wire: Wire, target: Target
) -> None:
    """Every token but the right one gets 401 and no key."""
    if administrator.can_mint:
        establish(administrator.mint(), "the right token rotates")
    for what, token in _wrong_tokens(target).items():
        answer = administrator.attempt(token)
        assert answer.status == HTTPStatus.UNAUTHORIZED, (
            f"a rotation ({what}) was answered {answer.status}"
        )
        assert not administrator.holds_a_key(answer), f"a rotation ({what}) was given a key"
    establish(wire.get(target.routes.health or "/").status, "the target is still there")


@requirement("ROT-04", also_needs=(Channel.APP_SQL, Channel.SPARE_TENANT))
def test_a_refused_rotation_changes_no_key(
    administrator: Administrator, app_sql: AppDatabase, target: Target
) -> None:
    """A 401 that comes after the work was done is no refusal: the rows must stay as they are."""
    before = app_sql.key_rows(administrator.tenant_id)
    establish(before, "the tenant has keys")
    for token in _wrong_tokens(target).values():
        administrator.attempt(token)
    after = app_sql.key_rows(administrator.tenant_id)
    assert after == before, (
        f"wrong tokens changed the tenant's key rows: {len(before)} before, {len(after)} after"
    )


def _wrong_tokens(target: Target) -> dict[str, str | None]:
    wrong: dict[str, str | None] = {"no token": None, "empty": "", "random": random_key()}
    if target.admin is not None:
        right = target.admin.token
        last = "A" if right[-1] != "A" else "B"
        wrong |= {"last character changed": right[:-1] + last, "one character short": right[:-1]}
    return wrong
