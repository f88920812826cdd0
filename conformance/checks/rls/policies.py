"""RLS: PostgreSQL keeps tenants apart even where a query forgets to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.analysis.figures import draw_isolation
from conformance.channels.sql.attempts import CLASHED
from conformance.channels.sql.crossings import Crossings
from conformance.channels.sql.privacy import Privacy
from conformance.forge.guise import in_guise
from conformance.forge.objects import nobodys_text
from conformance.model import Channel
from conformance.requirement import requirement
from conformance.text.disguised import shows
from conformance.verdicts import establish
from conformance.waiting import gather

if TYPE_CHECKING:
    from conformance.channels.http.transcript import Transcript
    from conformance.channels.http.wire import Wire
    from conformance.channels.sql.app_role import AppDatabase
    from conformance.channels.sql.tables import Named
    from conformance.forge.keys import Keys
    from conformance.profile.target import Target


@requirement("RLS-01")
def test_the_runtime_role_has_no_power_over_the_isolation(app_sql: AppDatabase) -> None:
    """Each attribute alone would let the role see, or arrange to see, every tenant."""
    powers = app_sql.role().powers
    assert not powers, f"the runtime role {', '.join(powers)}"


@requirement("RLS-01")
def test_the_runtime_role_cannot_create_objects(app_sql: AppDatabase) -> None:
    """A role that may create a table or a function may create a way around the policies."""
    done = app_sql.carried_out(f"CREATE TABLE {in_guise('hallmark_probe')} (id integer)")
    assert not done, "the runtime role created a table"
    schemas = app_sql.role().open_schemas
    assert not schemas, f"the runtime role may create objects in the schemas {', '.join(schemas)}"


@requirement("RLS-02")
def test_every_tenant_table_is_under_forced_rls(
    app_sql: AppDatabase, transcript: Transcript
) -> None:
    """Looked up in the catalog, so a table added tomorrow is judged tomorrow."""
    tables = app_sql.isolation()
    establish(tables, "there are tables with a tenant column")
    transcript.note("tables with a tenant column", "\n".join(str(table) for table in tables))
    lax = [
        str(table)
        for table in tables
        if not (table.rls_enabled and table.rls_forced and table.policies)
    ]
    assert not lax, f"RLS is incomplete on {'; '.join(lax)}"


@requirement("RLS-03")
def test_a_select_without_where_shows_one_tenant(
    app_sql: AppDatabase, keys: Keys, transcript: Transcript
) -> None:
    """Every readable tenant table is read whole, in each tenant's context."""
    tenants = {"tenant A": keys.a.tenant_id, "tenant B": keys.b.tenant_id}
    seen: dict[str, dict[str, set[str]]] = {}
    for name, tenant in tenants.items():
        with app_sql.as_tenant(tenant) as connection:
            own = app_sql.tenants_seen(connection, app_sql.channel.data_table)
            establish(tenant in own, "the tenant sees its own rows")
            seen[name] = {
                str(table): app_sql.tenants_seen(connection, table) for table in app_sql.readable()
            }
    draw_isolation(transcript, seen, {tenant: name for name, tenant in tenants.items()})
    for name, tenant in tenants.items():
        foreign = {table: rows for table, rows in seen[name].items() if rows - {tenant}}
        assert not foreign, f"{name} saw rows of other tenants in {', '.join(foreign)}"


@requirement("RLS-04")
@pytest.mark.parametrize(
    "context",
    [None, "", " ", "not-a-uuid", "%", "00000000-0000-0000-0000-000000000000", "' OR true --"],
)
def test_without_a_tenant_there_are_no_rows(
    app_sql: AppDatabase, keys: Keys, context: str | None, transcript: Transcript
) -> None:
    """The same reading shows a tenant its rows; without a tenant even an error shows nothing."""
    tables = _read_by_a_tenant(app_sql, keys)
    private = Privacy(app_sql, keys.a.tenant_id, keys.b.tenant_id)
    seen = {str(table): app_sql.tenants_seen_or_none(context, table) for table in tables}
    shown = [table for table, rows in seen.items() if rows] + private.seen_in(context)
    transcript.note(
        f"context {context!r}",
        f"{len(tables)} tables read, rows in {len(shown)}; without a tenant column, and with rows "
        f"that one tenant alone sees: {', '.join(map(str, private.tables)) or 'none'}",
    )
    where = "no tenant context" if context is None else f"the tenant context {context!r}"
    assert not shown, f"with {where}, rows were seen in {', '.join(shown)}"


@requirement("RLS-04")
def test_an_unknown_tenant_sees_no_rows(app_sql: AppDatabase, keys: Keys) -> None:
    """A well-formed id that belongs to nobody is the closest miss there is."""
    stranger = nobodys_text(keys.a.tenant_id, [keys.b.tenant_id])
    tables = _read_by_a_tenant(app_sql, keys)
    private = Privacy(app_sql, keys.a.tenant_id, keys.b.tenant_id)
    seen = {str(table): app_sql.tenants_seen_or_none(stranger, table) for table in tables}
    shown = [table for table, rows in seen.items() if rows] + private.seen_in(stranger)
    assert not shown, f"an unknown tenant saw rows in {', '.join(shown)}"


def _read_by_a_tenant(app_sql: AppDatabase, keys: Keys) -> list[Named]:
    """Return the tables to read, once a tenant was seen to find its rows by the same reading."""
    tables = app_sql.readable()
    establish(tables, "there are tenant tables to read")
    own = {str(table): app_sql.tenants_seen_or_none(keys.a.tenant_id, table) for table in tables}
    establish(
        any(keys.a.tenant_id in rows for rows in own.values()),
        "a tenant sees rows of its own by the same reading",
    )
    return tables


@requirement("RLS-05")
def test_no_row_can_be_inserted_for_another_tenant(app_sql: AppDatabase, keys: Keys) -> None:
    """The same statement works for the tenant's own id, so the id alone explains the refusal."""
    own = app_sql.inserted_as(keys.a.tenant_id, for_tenant=keys.a.tenant_id)
    establish(own, "a tenant can insert a row of its own")
    foreign = app_sql.inserted_as(keys.a.tenant_id, for_tenant=keys.b.tenant_id)
    assert not foreign, "tenant A inserted a row for tenant B"
    tried = Crossings(app_sql, keys.a.tenant_id, keys.b.tenant_id).inserts()
    assert not tried.crossed, (
        f"tenant A inserted a row for tenant B into {', '.join(tried.crossed)}"
    )
    establish(not tried.unfinished, f"there was time to try {', '.join(tried.unfinished)}")


@requirement("RLS-05")
def test_no_row_can_be_moved_to_another_tenant(app_sql: AppDatabase, keys: Keys) -> None:
    """The rows are the tenant's own; giving them away is what must fail."""
    own = app_sql.updated_as(keys.a.tenant_id, of=keys.a.tenant_id, to=keys.a.tenant_id)
    establish(own or not app_sql.may_hand_over(), "a tenant can update rows of its own")
    tried = Crossings(app_sql, keys.a.tenant_id, keys.b.tenant_id).moves()
    assert not tried.crossed, f"tenant A moved rows to tenant B in {', '.join(tried.crossed)}"
    establish(not tried.unfinished, f"there was time to try {', '.join(tried.unfinished)}")


@requirement("RLS-06")
@pytest.mark.parametrize("statement", ["UPDATE", "DELETE"])
def test_another_tenants_rows_cannot_be_changed(
    app_sql: AppDatabase, keys: Keys, statement: str
) -> None:
    """In A's context, rows that B sees are named outright, and then reached for blindly."""
    own = app_sql.updated_as(keys.b.tenant_id, of=keys.b.tenant_id, to=keys.b.tenant_id)
    establish(own or not app_sql.may_hand_over(), "tenant B has rows, and can update them")
    tried = Crossings(app_sql, keys.a.tenant_id, keys.b.tenant_id).changes(statement)
    assert not tried.crossed, (
        f"{statement} as tenant A reached rows of tenant B in {', '.join(tried.crossed)}"
    )
    establish(not tried.unfinished, f"there was time to try {', '.join(tried.unfinished)}")


@requirement("RLS-06")
@pytest.mark.parametrize("statement", ["UPDATE", "DELETE"])
def test_a_write_without_where_reaches_only_own_rows(
    app_sql: AppDatabase, keys: Keys, statement: str
) -> None:
    """A WHERE would also apply the policy for reading; without one, the write's own must hold."""
    own, changed = app_sql.changed_blindly(keys.a.tenant_id, statement)
    establish(own, "the tenant has rows")
    assert changed != CLASHED, f"{statement} without WHERE ran into rows of another tenant"
    assert changed <= own, (
        f"{statement} without WHERE changed {changed} rows, where {own} are tenant A's"
    )
    # None where the role may not: that is stricter than what is asked for.
    establish(changed in {0, own}, f"all rows of a tenant are changed, or none (not {changed})")


@requirement("RLS-07")
def test_a_connection_forgets_the_tenant_with_the_transaction(
    app_sql: AppDatabase, keys: Keys
) -> None:
    """One connection, as a pool would hand it on: what the first user saw the next must not."""
    table = app_sql.channel.data_table
    with app_sql.pooled() as connection:
        app_sql.enter(connection, keys.a.tenant_id)
        establish(app_sql.tenants_seen(connection, table), "the tenant sees its own rows")
        connection.commit()
        seen = app_sql.tenants_seen_on(connection, table)
        assert not seen, "the connection still shows a tenant's rows after the transaction"


@requirement("RLS-07", also_needs=(Channel.DATA_TOOL, Channel.CANARIES))
def test_pooled_connections_carry_no_tenant_on(wire: Wire, keys: Keys, target: Target) -> None:
    """Both tenants call in turn and at once, so the server's connections change hands."""
    tool = target.tools.tenant_data or ""

    def read(turn: int) -> tuple[str, str]:
        tenant, other = (keys.a, keys.b) if turn % 2 else (keys.b, keys.a)
        answer = wire.call_tool(tool, {}, key=tenant.active)
        establish(answer.succeeded, f"the tool answers (got {answer})")
        text = answer.text
        return ("own " if shows(tenant.canary, text) else "") + (
            "foreign" if shows(other.canary, text) else ""
        ), text[:200]

    seen = [read(turn) for turn in range(6)]
    seen += gather(read, range(16), at_once=6)
    crossed = [text for what, text in seen if "foreign" in what]
    assert not crossed, (
        f"{len(crossed)} of {len(seen)} responses held the other tenant's canary, as {crossed[0]!r}"
    )
    own = [what for what, _ in seen if what.startswith("own")]
    missed = len(seen) - len(own)
    assert not missed, f"{missed} of {len(seen)} responses lacked the caller's own canary"
