"""RLS, continued: the ways around a policy, and what random histories find."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.analysis.isolation_history import Histories
from conformance.analysis.isolation_model import run_model
from conformance.channels.http.wire import SECONDS
from conformance.channels.sql.functions import tellers_of
from conformance.checks.rls._reading import Reader, at_several_widths
from conformance.model import Channel
from conformance.requirement import requirement
from conformance.text.disguised import shows
from conformance.text.found import is_telling
from conformance.verdicts import establish

if TYPE_CHECKING:
    from conformance.analysis.soaking import Soak
    from conformance.channels.http.transcript import Transcript
    from conformance.channels.http.wire import Wire
    from conformance.channels.sql.app_role import AppDatabase
    from conformance.forge.keys import Keys, TenantKeys
    from conformance.profile.target import Target

WIDTHS = {8: 40, 24: 48, 64: 64}
"""How many calls are made, by how many at once: a narrow pool and a wide one break differently."""


@requirement("RLS-08")
def test_concurrent_tenants_get_their_own_rows_only(
    wire: Wire, keys: Keys, target: Target, soak: Soak
) -> None:
    """Both tenants read in turn, narrow and wide, their messages numbered alike, as clients do.

    A response that never came is looked at last: where two were exchanged, one may be missing. A
    canary that is gone for good was overwritten, which accuses nobody. With
    ``--soak`` they go on for as long as it says.
    """
    line, tool = wire.derived(seconds=SECONDS), target.tools.tenant_data or ""
    reader = Reader(lambda tenant: line.call_tool(tool, {}, key=tenant.active), keys)
    reader.learn()
    for bursts in (at_several_widths(reader.read, WIDTHS), soak.bursts(reader.read)):
        for when in bursts:
            assert not reader.crossed, (
                f"{when}: a response held the other's canary: {reader.crossed[0]}"
            )
            astray = reader.astray()
            assert not astray, f"{when}: a response held {astray}"
        for answer in reader.unanswered:
            establish(answer.succeeded, f"the tool answers (got {answer})")
        establish(reader.owned, "a tenant finds its own canary")
        if reader.lacked:
            reader.establish_canaries()
        assert not reader.lacked, "a tenant did not get its own rows"
    if soak.seconds:
        what = f"{reader.owned} reads held the reader's own canary, and none the other's"
        wire.transcript.note("what the soak read", what)


@requirement("RLS-09", also_needs=(Channel.KEYS,))
def test_no_view_shows_another_tenant(
    app_sql: AppDatabase, keys: Keys, transcript: Transcript
) -> None:
    """A view reads with its owner's rights, unless it says otherwise; each is read as tenant A.

    One without the tenant's column is known by B's canary, or its id, in what it shows.
    """
    own = app_sql.tenants_seen_or_none(keys.a.tenant_id, app_sql.channel.data_table)
    establish(keys.a.tenant_id in own, "tenant A sees rows of its own")
    views = app_sql.readable_views()
    named = ", ".join(str(view) for view, _ in views)
    transcript.note("views that the runtime role may read", named or "none")
    foreign = [
        str(view)
        for view, has_tenant in views
        if (
            app_sql.tenants_seen_or_none(keys.a.tenant_id, view) - {keys.a.tenant_id}
            if has_tenant
            else _tells_of(keys.b, app_sql.text_seen(keys.a.tenant_id, view))
        )
    ]
    assert not foreign, f"tenant A saw rows of other tenants in the views {', '.join(foreign)}"


def _tells_of(tenant: TenantKeys, text: str) -> bool:
    is_named = is_telling(tenant.tenant_id) and tenant.tenant_id in text
    return shows(tenant.canary, text) or is_named


@requirement("RLS-09")
def test_no_function_runs_with_rights_above_the_policies(app_sql: AppDatabase) -> None:
    """A SECURITY DEFINER function of a superuser, or of a role that bypasses RLS, ignores it."""
    powerful, bendable = app_sql.powerful_functions()
    assert not powerful, (
        f"the runtime role may call {', '.join(powerful)}: "
        "SECURITY DEFINER of an owner whom no policy binds"
    )
    assert not bendable, (
        f"the runtime role may call {', '.join(bendable)}: "
        "SECURITY DEFINER without a search_path, which a caller can bend"
    )


@requirement("RLS-09", also_needs=(Channel.KEYS,))
def test_no_function_shows_another_tenant(
    app_sql: AppDatabase, wire: Wire, keys: Keys, target: Target
) -> None:
    """Functions that run with their owner's rights are called as tenant A, and may write nothing.

    A row that is one of a table's tells whose it is; others are known by B's canary.
    """
    wire.knock(keys.b.active)  # so that there is a row of B's, at least in the trail
    columns = {app_sql.channel.tenant_column, target.fields.trail.column("tenant") or ""}
    canary = keys.b.tenant.canary
    asked = keys.a.tenant_id, keys.b.tenant_id
    functions = tellers_of(app_sql, *asked, columns=columns, word=canary)
    assert not functions, f"tenant A saw rows of tenant B by calling {', '.join(functions)}"


@requirement("RLS-09")
def test_no_constraint_tells_of_another_tenants_rows(app_sql: AppDatabase) -> None:
    """Constraints look past RLS: one without the tenant tells whether another has a value."""
    oracles = app_sql.constraint_oracles()
    assert not oracles, f"the tenant is no part of the constraints {', '.join(oracles)}"


@requirement("RLS-10")
def test_random_histories_agree_with_perfect_isolation(app_sql: AppDatabase, keys: Keys) -> None:
    """Both tenants' statements, savepoints and errors, interleaved; a model keeps score."""
    establish(
        app_sql.inserted_as(keys.a.tenant_id, for_tenant=keys.a.tenant_id),
        "a tenant can insert a row of its own",
    )
    disagreement = run_model(app_sql, keys.a.tenant_id, keys.b.tenant_id)
    assert not disagreement, f"a history departs from perfect isolation: {disagreement}"


@requirement("RLS-10", also_needs=(Channel.DATA_TOOL,))
def test_random_calls_show_what_they_showed_alone(
    wire: Wire, keys: Keys, guest: TenantKeys
) -> None:
    """Two tenants and a third if there is one, on connections that the others have used."""
    tenants = {"A": keys.a, "B": keys.b}
    if guest.tenant_id != keys.b.tenant_id:
        tenants["C"] = guest
    histories = Histories(wire, tenants)
    disagreement = histories.disagreement()
    assert not disagreement, f"a history departs from perfect isolation: {disagreement}"


@requirement("RLS-11")
def test_a_key_can_be_found_before_its_tenant_is_known(
    app_sql: AppDatabase, wire: Wire, keys: Keys
) -> None:
    """Authentication looks keys up to learn the tenant, so no context can be set by then.

    Where the runtime role sees none, the server has a function of its own for that, another role,
    or another place: then a key that works shows it.
    """
    if not app_sql.key_count_without_context():
        answer = wire.knock(keys.active)
        establish(answer.succeeded, f"a right key is found (got {answer})")


@requirement("RLS-11")
def test_the_runtime_role_cannot_move_or_delete_keys(app_sql: AppDatabase, keys: Keys) -> None:
    """The table is open for lookup; giving a key to another tenant would open everything."""
    moved = app_sql.key_moved(keys.a.tenant_id, to=keys.b.tenant_id)
    assert not moved, "the runtime role moved keys of tenant A to tenant B"
    deleted = app_sql.keys_deleted(keys.a.tenant_id)
    assert not deleted, "the runtime role deleted keys of tenant A"
