"""RLS, continued: what the server's own requests leave on the connections of its pool."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.channels.http.own import ids_listed
from conformance.channels.programs.pooled import holds, left_on, used, was_entered
from conformance.forge.objects import nobodys_id
from conformance.model import Channel
from conformance.requirement import requirement
from conformance.verdicts import establish
from conformance.waiting import gather

if TYPE_CHECKING:
    from conformance.channels.http.answer import Answer
    from conformance.channels.http.transcript import Transcript
    from conformance.channels.http.wire import Wire
    from conformance.channels.programs.pooled import PooledServer, ServerAtWork
    from conformance.channels.sql.app_role import AppDatabase
    from conformance.channels.sql.tap.line import Seen
    from conformance.forge.keys import Keys, TenantKeys
    from conformance.profile.target import Target

ROUNDS = 12
AT_ONCE = 6
STRANGERS = 4


@requirement("RLS-01", also_needs=(Channel.KEYS,))
def test_the_server_itself_runs_as_a_role_without_power(
    server_at_work: ServerAtWork, keys: Keys, app_sql: AppDatabase, target: Target
) -> None:
    """Seen on the connections that its requests go over: the profile may name another role."""
    line, tool = server_at_work.line, target.tools.tenant_data

    def ask() -> None:
        key = keys.a.active
        answer = line.call_tool(tool, {}, key=key) if tool else line.call_ping(key=key)
        establish(answer.succeeded, f"a tenant's call succeeds (got {answer})")

    ask()
    for role in server_at_work.roles_during(ask):
        powers = app_sql.role(role).powers
        assert not powers, f"the server runs as the role {role}, which {', '.join(powers)}"


@requirement("RLS-14")
def test_no_connection_of_the_pool_keeps_a_tenant(
    pool: PooledServer, wire: Wire, keys: Keys, target: Target, transcript: Transcript
) -> None:
    """The tap asks each connection itself, when the server has left it and no transaction is open.

    A setting that is taken off at the next use, before any row is touched, harms nobody; that this
    happens is seen where requests without a tenant use such a connection.
    """
    tenants = (keys.a.tenant_id, keys.b.tenant_id)
    establish(pool.shows(tenants[0]), "the tap shows a tenant that is set on a connection")
    line = wire.at(pool.url(wire.path))
    carried: set[int] = set()
    for tenant in (keys.a, keys.b):
        before = pool.look()
        _work(line, tenant, target)
        after = pool.settled(tenants)
        passed = used(before, after)
        establish(passed, "what the server asks its database for a tenant passes the tap")
        carried.update(passed)
    transcript.note("the server's connections", "\n".join(map(_told, after)))
    _ask_without_a_tenant(line, keys, target)
    last = pool.settled(tenants)
    anonymous = used(after, last)
    for one in after:
        statement = was_entered(anonymous.get(one.number, ()))
        assert not (holds(one, tenants) and statement), (
            f"a request without a tenant ran on a connection in the context of {one.context!r}, "
            f"which a tenant's request had left there: {statement}"
        )
    left = left_on(last, tenants)
    cleared = [one for one in left_on(after, tenants) if one.number in anonymous]
    assert not left or (cleared and not left_on(_those(last, anonymous), tenants)), (
        f"{len(left)} of {len(carried)} connections keep the context of a tenant after its "
        f"requests, outside any transaction: {_told(left[0])}"
    )
    unasked = [one for one in _those(last, carried) if one.context is None and not one.is_closed]
    establish(not unasked, f"each connection could be asked (not {'; '.join(map(_told, unasked))})")


def _work(line: Wire, tenant: TenantKeys, target: Target) -> None:
    """Have a tenant's requests succeed and fail, in turn and at once."""

    def read(_: int) -> Answer:
        tool = target.tools.tenant_data
        return line.call_tool(tool, {}, key=tenant.active) if tool else line.call_ping(key=key)

    key = tenant.active
    answers = [read(0), *gather(read, range(ROUNDS), at_once=AT_ONCE)]
    failed = [answer for answer in answers if not answer.succeeded]
    establish(not failed, f"a tenant's calls succeed (got {failed[:1]})")
    for tool in target.tools.by_id:
        for own in ids_listed(line, tool, key)[:1]:
            line.call_tool(tool.name, tool.of(own), key=key)
            line.call_tool(tool.name, tool.of(nobodys_id(own)), key=key)


def _ask_without_a_tenant(line: Wire, keys: Keys, target: Target) -> None:
    """Send what belongs to no tenant: wrong keys, none, and whether the server is well."""
    gather(lambda _: line.knock(keys.random()), range(STRANGERS), at_once=STRANGERS)
    line.knock()
    if target.routes.health:
        line.get(target.routes.health)


def _those(seen: list[Seen], numbers: set[int] | dict[int, tuple[str, ...]]) -> list[Seen]:
    return [one for one in seen if one.number in numbers]


def _told(one: Seen) -> str:
    context = "not asked" if one.context is None else repr(one.context)
    last = one.said[-1] if one.said else "nothing"
    place = "closed" if one.is_closed else f"in state {one.state or '?'}"
    return f"connection {one.number}, {place}, context {context}, said last: {last}"
