"""What must hold on every worker process alike: limits (RATE-11) and revocation (ROT-09)."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest

from conformance.analysis.figures import draw_admissions
from conformance.channels.http.admin import Administrator
from conformance.channels.http.exhaustion import LIMITED, are_counted, require_one_window
from conformance.forge.requests import opening
from conformance.model import Channel
from conformance.requirement import requirement
from conformance.verdicts import NotAssessedError, establish
from conformance.waiting import gather

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.channels.http.answer import Answer
    from conformance.channels.http.wire import Wire
    from conformance.channels.programs.launch import Launched, Launcher
    from conformance.manners.addresses import AddressPool
    from conformance.profile.target import Target

AT_ONCE = 8
BEYOND = 40
"""Requests over the limit: a worker that counts for itself would let them in."""
LOOKS = 12
"""Requests on connections of their own, enough to meet every worker."""


@pytest.fixture(scope="module")
def several(session_launcher: Launcher) -> Iterator[Launched]:
    """A server of several worker processes."""
    words = session_launcher.channel.several_workers
    if not words:
        raise NotAssessedError(f"supply {Channel.WORKERS.supplied_by}", Channel.WORKERS)
    with session_launcher.start(more=words) as process:
        establish(process.settle() is None, f"the workers start: {process.output()[-300:]}")
        yield process


def _ask(line: Wire, key: str) -> Answer:
    """Ask on a connection of its own, which any worker may take."""
    return line.send(opening(line.revision).with_header("Connection", "close"), key=key)


@requirement("RATE-11")
def test_workers_share_the_limit_of_an_address(
    several: Launched,
    wire: Wire,
    administrator: Administrator,
    addresses: AddressPool,
    target: Target,
) -> None:
    """More than the limit at once, each on a connection of its own: the limit is admitted."""
    limit, key = target.limits.address_requests, administrator.mint()
    line = wire.at(several.url(wire.path)).derived(address=addresses.fresh())
    answers = gather(partial(_ask, line), [key] * (limit + BEYOND), at_once=AT_ONCE)
    draw_admissions(wire.transcript, answers, limit, target.limits.address_window_seconds)
    establish(are_counted(answers), "the key works until the limit")
    require_one_window(answers, target.limits.address_window_seconds)
    admitted = sum(answer.status != LIMITED for answer in answers)
    assert admitted == limit, (
        f"the workers admitted {admitted} of {len(answers)} requests, where {limit} may be"
    )


@requirement("ROT-09")
def test_a_revoked_key_is_refused_at_once(administrator: Administrator, wire: Wire) -> None:
    """The key worked a moment before, so the revocation alone explains the refusal."""
    key, identity = administrator.mint_with_id()
    establish(wire.knock(key).succeeded, "the key works")
    revoked = administrator.revoke(identity)
    establish(revoked.status == HTTPStatus.OK, f"the key is revoked (got {revoked.status})")
    answer = wire.knock(key)
    assert answer.status == HTTPStatus.UNAUTHORIZED, f"the revoked key was answered {answer}"


@requirement("ROT-09", also_needs=(Channel.LAUNCH, Channel.WORKERS))
def test_every_worker_refuses_a_revoked_key(
    several: Launched, wire: Wire, administrator: Administrator
) -> None:
    """Every worker has seen the key work, so none may go on believing it."""
    line = wire.at(several.url(wire.path))
    key, identity = administrator.mint_with_id()
    before = [_ask(line, key) for _ in range(LOOKS)]
    establish(all(answer.succeeded for answer in before), "the key works at the workers")
    revoked = Administrator(line, administrator.target, administrator.redactor).revoke(identity)
    establish(revoked.status == HTTPStatus.OK, f"the key is revoked (got {revoked.status})")
    after = [_ask(line, key) for _ in range(LOOKS)]
    assert {answer.status for answer in after} == {HTTPStatus.UNAUTHORIZED}, (
        f"the revoked key was answered {[answer.status for answer in after]} by the workers"
    )
