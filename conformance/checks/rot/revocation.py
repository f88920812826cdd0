"""ROT, continued: a key that is revoked ends at once, on every worker process."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from conformance.channels.http.admin import Administrator
from conformance.channels.http.answer import DONE
from conformance.channels.programs.launch import ask_any_worker
from conformance.model import Channel
from conformance.requirement import requirement
from conformance.verdicts import establish

if TYPE_CHECKING:
    from conformance.channels.http.wire import Wire
    from conformance.channels.programs.launch import Launched

LOOKS = 12
"""Requests on connections of their own, enough to meet every worker."""


@requirement("ROT-09")
def test_a_revoked_key_is_refused_at_once(administrator: Administrator, wire: Wire) -> None:
    """The key worked a moment before, so the revocation alone explains the refusal."""
    key, identity = administrator.mint_with_id()
    establish(wire.knock(key).succeeded, "the key works")
    revoked = administrator.revoke(identity)
    establish(revoked.status in DONE, f"the key is revoked (got {revoked.status})")
    answer = wire.knock(key)
    assert answer.status == HTTPStatus.UNAUTHORIZED, f"the revoked key was answered {answer}"


@requirement("ROT-09", also_needs=(Channel.LAUNCH, Channel.WORKERS))
def test_every_worker_refuses_a_revoked_key(
    several: Launched, wire: Wire, administrator: Administrator
) -> None:
    """Every worker has seen the key work, so none may go on believing it."""
    line = wire.at(several.url(wire.path))
    key, identity = administrator.mint_with_id()
    before = [ask_any_worker(line, key) for _ in range(LOOKS)]
    establish(all(answer.succeeded for answer in before), "the key works at the workers")
    revoked = Administrator(line, administrator.target, administrator.redactor).revoke(identity)
    establish(revoked.status in DONE, f"the key is revoked (got {revoked.status})")
    after = [ask_any_worker(line, key) for _ in range(LOOKS)]
    assert {answer.status for answer in after} == {HTTPStatus.UNAUTHORIZED}, (
        f"the revoked key was answered {[answer.status for answer in after]} by the workers"
    )
