"""Each invariant passes a faultless run, and fails the same run with one fault planted in it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from conformance.model import Verdict
from conformance.profile.events import Events
from load.invariants import answers_are_right, limit_holds, nothing_crosses, trail_is_complete
from load.invariants.limits import peak
from load.ledger import Conduct
from load.reply import Result
from load.tests.planting import IDS, LIMITS, Run, but, faultless, limited, row, seen

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.channels.trail.row import AuditRow
    from load.invariants import Ruling

SUCCESS, CALLED, LIMITED = "api_key.auth_success", "mcp.tool_called", "rate_limit.exceeded"


@pytest.fixture
def run() -> Run:
    """A run without a fault."""
    return faultless()


def trail(run: Run) -> Ruling:
    return trail_is_complete(run.observations, run.rows, IDS, Events())


def answers(run: Run, *, is_fresh: bool = True) -> Ruling:
    return answers_are_right(run.observations, LIMITS, is_fresh=is_fresh)


def test_a_faultless_run_passes_every_invariant(run: Run) -> None:
    rulings = [
        trail(run),
        nothing_crosses(run.observations),
        limit_holds(run.observations, LIMITS),
        answers(run),
    ]
    assert [one.verdict for one in rulings] == [Verdict.PASS] * 4, rulings


def test_refusals_without_rows_stand_in_a_count_of_their_address(run: Run) -> None:
    kept, *counted = [one for one in run.rows if one.event == LIMITED]
    for one in counted:
        run.rows.remove(one)
    assert trail(run).verdict is Verdict.FAIL
    told = but(kept, request_id=None, metadata={"scope": "global", "count": len(counted)})
    run.rows.append(told)
    assert trail(run).verdict is Verdict.PASS, trail(run)
    run.rows[-1] = but(told, actor_ip="127.20.1.99")
    assert trail(run).verdict is Verdict.FAIL
    run.rows[-1] = but(told, metadata={"scope": "global", "count": len(counted) - 1})
    assert trail(run).verdict is Verdict.FAIL


def test_a_call_that_was_let_in_stands_in_no_count(run: Run) -> None:
    counting = but(run.rows[-1], request_id=None, metadata={"count": 100})
    run.replace_row(SUCCESS, lose)
    run.rows.append(counting)
    assert trail(run).verdict is Verdict.FAIL


def lose(found: AuditRow) -> list[AuditRow]:
    del found
    return []


def repeat(found: AuditRow) -> list[AuditRow]:
    return [found, found]


def other_tenant(found: AuditRow) -> list[AuditRow]:
    return [but(found, tenant_id=IDS["a"])]


def other_address(found: AuditRow) -> list[AuditRow]:
    return [but(found, actor_ip="127.20.1.77")]


def no_tenant(found: AuditRow) -> list[AuditRow]:
    return [but(found, tenant_id=None)]


def other_tool(found: AuditRow) -> list[AuditRow]:
    return [but(found, metadata={"tool": "list_metrics"})]


@pytest.mark.parametrize(
    ("event", "request_id", "change", "word"),
    [
        (SUCCESS, "id-3", lose, "gap"),
        (SUCCESS, "id-3", repeat, "duplicate"),
        (SUCCESS, "id-3", other_tenant, "under tenant tenant-a-id"),
        (SUCCESS, "id-3", other_address, "under address 127.20.1.77"),
        (SUCCESS, "id-3", no_tenant, "names no tenant"),
        (CALLED, "id-3", lose, "gap"),
        (CALLED, "id-3", repeat, "duplicate"),
        (CALLED, "id-3", no_tenant, "names no tenant"),
        (CALLED, "id-3", other_tool, "names the tool"),
        (LIMITED, "id-16", lose, "gap"),
        (LIMITED, "id-16", repeat, "duplicate"),
    ],
)
def test_one_wrong_row_in_the_trail_fails_the_run(
    run: Run, event: str, request_id: str, change: Callable[[AuditRow], list[AuditRow]], word: str
) -> None:
    run.replace_row(event, change, request_id)
    ruling = trail(run)
    assert ruling.verdict is Verdict.FAIL
    assert word in ruling.evidence


def test_rows_of_unknown_names_may_be_the_missing_ones(run: Run) -> None:
    run.rows = [but(one, event_type=f"own {one.event}") for one in run.rows]
    ruling = trail(run)
    assert ruling.verdict is Verdict.NOT_ASSESSED
    assert "own api_key.auth_success" in ruling.evidence


def test_names_of_the_target_are_those_of_its_profile(run: Run) -> None:
    run.rows = [but(one, event_type="it", outcome=one.event) for one in run.rows]
    events = Events.model_validate(
        {
            name: {"event": "it", "outcome": word}
            for name, word in (
                ("auth_success", SUCCESS),
                ("tool_called", CALLED),
                ("limit_exceeded", LIMITED),
            )
        }
    )
    ruling = trail_is_complete(run.observations, run.rows, IDS, events)
    assert ruling.verdict is Verdict.PASS, ruling.evidence


def test_an_answer_without_a_request_id_is_a_gap(run: Run) -> None:
    run.observations[3] = replace(run.observations[3], request_id=None)
    assert trail(run).verdict is Verdict.FAIL


def test_two_answers_with_one_request_id_fail(run: Run) -> None:
    run.observations[4] = replace(run.observations[4], request_id="id-2")
    assert "share the id id-2" in trail(run).evidence


def test_a_row_of_a_tool_for_a_refused_call_fails(run: Run) -> None:
    run.rows.append(row(run.observations[-1], CALLED, tool="ping"))
    assert "did not succeed" in trail(run).evidence


def test_a_row_of_a_refusal_for_an_admitted_call_fails(run: Run) -> None:
    run.rows.append(row(run.observations[3], LIMITED, scope="global"))
    assert "was refused" in trail(run).evidence


def test_an_unanswered_request_owes_no_row(run: Run) -> None:
    run.observations.append(seen(40, status=0, request_id=None, trouble="reset"))
    assert trail(run).verdict is Verdict.PASS


def test_a_tenant_refusal_may_have_two_rows_of_different_kinds(run: Run) -> None:
    refused = limited(40)
    run.observations.append(refused)
    run.rows += [row(refused, SUCCESS), row(refused, LIMITED, scope="tenant")]
    assert trail(run).verdict is Verdict.PASS


def test_a_trail_without_request_ids_is_not_assessed(run: Run) -> None:
    run.observations = [replace(one, request_id=None) for one in run.observations]
    assert trail(run).verdict is Verdict.NOT_ASSESSED


def test_one_crossing_among_many_answers_fails(run: Run) -> None:
    run.observations[7] = replace(run.observations[7], foreign=("the other tenant's canary",))
    ruling = nothing_crosses(run.observations)
    assert ruling.verdict is Verdict.FAIL
    assert "canary" in ruling.evidence


def test_a_crossing_in_an_answer_cut_short_fails(run: Run) -> None:
    run.observations[7] = replace(run.observations[7], status=0, foreign=("the other's id",))
    assert nothing_crosses(run.observations).verdict is Verdict.FAIL


def test_a_tenant_that_never_saw_its_own_canary_leaves_crossings_unassessed(run: Run) -> None:
    run.observations = [
        replace(one, shows_own_canary=one.tenant == "a") for one in run.observations
    ]
    assert nothing_crosses(run.observations).verdict is Verdict.NOT_ASSESSED


def test_one_request_over_the_address_limit_fails(run: Run) -> None:
    run.observations[15] = replace(run.observations[14], sent=15.0, received=15.1)
    ruling = limit_holds(run.observations, LIMITS)
    assert ruling.verdict is Verdict.FAIL
    assert "6 requests of 127.20.1.9" in ruling.evidence


def test_a_window_that_slides_past_a_minute_boundary_is_seen() -> None:
    late = [seen(number, conduct=Conduct.BEYOND) for number in (56, 57, 58, 61, 62, 63)]
    assert limit_holds(late, LIMITS).verdict is Verdict.FAIL


def test_requests_that_may_lie_outside_the_window_do_not_accuse() -> None:
    slow = [seen(number) for number in range(5)]
    slow.append(seen(59, received=61.0))
    assert peak(slow, 60) == 5
    assert limit_holds(slow, LIMITS).verdict is Verdict.NOT_ASSESSED


def test_a_limit_that_nobody_reached_is_not_assessed() -> None:
    few = [seen(number) for number in range(3)]
    assert limit_holds(few, LIMITS).verdict is Verdict.NOT_ASSESSED


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"status": 500}, "was refused"),
        ({"status": 401}, "was refused"),
        ({"status": 0, "trouble": "reset"}, "no answer: reset"),
        ({"result": Result.TOOL_ERROR}, "tool error"),
        ({"result": Result.NONE}, "no result"),
        ({"status": 429, "retry_after": "5"}, "no limit can have been spent"),
    ],
)
def test_a_wrong_answer_within_the_limits_fails(
    run: Run, changes: dict[str, object], word: str
) -> None:
    run.observations[3] = replace(run.observations[3], **changes)  # pyright: ignore[reportArgumentType]
    ruling = answers(run)
    assert ruling.verdict is Verdict.FAIL
    assert word in ruling.evidence


@pytest.mark.parametrize("value", [None, "", "soon", "0", "-1", "1.5", "61", "٣"])
def test_a_limit_without_a_true_retry_after_fails(run: Run, value: str | None) -> None:
    run.observations[-1] = replace(run.observations[-1], retry_after=value)
    assert "Retry-After" in answers(run).evidence
    assert answers(run).verdict is Verdict.FAIL


def test_an_address_limited_before_its_limit_is_spent_fails(run: Run) -> None:
    run.observations[13] = limited(13, address="127.20.1.9")
    del run.observations[14]
    assert answers(run).verdict is Verdict.FAIL


def test_an_early_limit_does_not_accuse_where_others_may_have_spent_it(run: Run) -> None:
    run.observations[3] = replace(run.observations[3], status=429, retry_after="5")
    assert answers(run, is_fresh=False).verdict is Verdict.NOT_ASSESSED


def test_a_run_without_any_answer_is_never_green() -> None:
    silent = [seen(number, status=0, request_id=None, trouble="refused") for number in range(3)]
    silent = [replace(one, shows_own_canary=False, result=Result.NONE) for one in silent]
    rulings = [
        trail_is_complete(silent, [], IDS, Events()),
        nothing_crosses(silent),
        limit_holds(silent, LIMITS),
        answers_are_right(silent, LIMITS, is_fresh=True),
    ]
    assert all(one.verdict is not Verdict.PASS for one in rulings)
    assert answers_are_right([], LIMITS, is_fresh=True).verdict is Verdict.NOT_ASSESSED
