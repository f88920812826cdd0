"""Defects of operation."""

from __future__ import annotations

import json
import sys
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Response

from reference_server.audit.contracts import AuditEvent
from reference_server.core.vocabulary import Access, EventType, Outcome
from reference_server.db.dump import Programs
from reference_server.mutants.bending import before, mutant, replaced, with_stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from reference_server.context import RequestContext
    from reference_server.parts import Parts


def _tell_more(context: RequestContext, parts: Parts) -> Response | None:
    del parts
    if (context.method, context.path) != ("GET", "/health"):
        return None
    body = {
        "ok": True,
        "version": "0.1.0",
        "uptimeSec": 1,
        "python": sys.version,
        "database": "mcp_app@127.0.0.1/hallmark",
    }
    return Response(json.dumps(body), HTTPStatus.OK, content_type="application/json")


def _guard_health(context: RequestContext, parts: Parts) -> Response | None:
    del parts
    if context.access is Access.LIVENESS:
        context.access = Access.KEY
    return None


def _is_guarded(context: RequestContext, parts: Parts) -> Response | None:
    del parts
    if context.access is Access.LIVENESS:
        context.access = Access.PUBLIC
    return None


def _asks_the_trail(context: RequestContext, parts: Parts) -> Response | None:
    """Write a row before liveness is told."""
    if context.access is Access.LIVENESS:
        event = AuditEvent(EventType.REQUEST_REFUSED, Outcome.FAILURE)
        parts.trail.write(context.attribute(event))
    return None


def _without(*names: str) -> Any:
    def reduced(parts: Parts) -> dict[str, str]:
        return {
            name: value for name, value in parts.web.security_headers.items() if name not in names
        }

    return replaced({"web.security_headers": reduced})


def _lint_without_sql(state: dict[str, Any]) -> dict[str, Any]:
    return _with_gate(state, "lint", lambda command: [*command, "--ignore", "S608"])


def _lint_of_injection_alone(state: dict[str, Any]) -> dict[str, Any]:
    return _with_gate(state, "security_lint", lambda _: state["repository"]["lint"])


def _lint_that_only_warns(state: dict[str, Any]) -> dict[str, Any]:
    return _with_gate(state, "security_lint", lambda command: [*command, "--exit-zero"])


def _audit_that_may_fail(state: dict[str, Any]) -> dict[str, Any]:
    return _with_gate(state, "audit", _by_script('"$@" || true'))


_HEADINGS = """
import pathlib, sys
body = pathlib.Path(sys.argv[1]).read_text()
sys.exit(not ("## Reviews" in body and "## Test plan" in body))
"""


def _headings_alone(state: dict[str, Any]) -> dict[str, Any]:
    command = [sys.executable, "-c", _HEADINGS, "{body}"]
    return _with_gate(state, "pull_request", lambda _: command)


def _boxes_count_as_ticks(state: dict[str, Any]) -> dict[str, Any]:
    return _with_gate(state, "pull_request", _edited("s/\\[ \\]/[x]/"))


def _comments_count(state: dict[str, Any]) -> dict[str, Any]:
    return _with_gate(state, "pull_request", _edited("s/<!--//; s/-->//"))


def _edited(change: str) -> Callable[[list[str]], list[str]]:
    """Return a change of the check: it sees the body as a line editor's script leaves it."""
    return _by_script(f'sed -i "{change}" "$3" && exec "$@"')


def _with_gate(
    state: dict[str, Any], name: str, change: Callable[[list[str]], list[str]]
) -> dict[str, Any]:
    repository = state["repository"]
    return {**state, "repository": {**repository, name: change(repository[name])}}


def _migrated_by(
    change: Callable[[list[str]], list[str]],
) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return a change of the state file: the migration is run by another command."""

    def edit(state: dict[str, Any]) -> dict[str, Any]:
        operations = state["operations"]
        command = change(operations["failing_migration"])
        return {**state, "operations": {**operations, "failing_migration": command}}

    return edit


def _by_script(script: str) -> Callable[[list[str]], list[str]]:
    """Return a change of a command: a shell's script runs it as ``"$@"``."""
    return lambda command: ["/bin/sh", "-c", script, "deploy", *command]


def _without_dump(command: list[str]) -> list[str]:
    return [*command[: command.index("--dump-dir")], "--no-dump"]


def _tidying_up(command: list[str]) -> list[str]:
    folder = command[command.index("--dump-dir") + 1]
    return _by_script(f'"$@"; code=$?; rm -f "{folder}"/*.dump; exit $code')(command)


def _dumping_the_schema_alone(command: list[str]) -> list[str]:
    """Name a pg_dump that is told, by whoever wrapped it, to leave the rows out."""
    programs = Programs.found(None).folder
    folder = Path(command[command.index("--dump-dir") + 1]).with_name("bin")
    folder.mkdir(mode=0o700)
    for name in ("pg_restore", "psql"):
        (folder / name).symlink_to(programs / name)
    wrapper = folder / "pg_dump"
    wrapper.write_text(f'#!/bin/sh\nexec "{programs / "pg_dump"}" --schema-only "$@"\n', "utf-8")
    wrapper.chmod(0o700)
    return [*command, "--pg-bin", str(folder)]


MUTANTS = (
    mutant(
        "health-tells-more",
        "OPS-01 OPS-11-b",
        "The liveness probe tells versions and the database's address.",
        parts=with_stage("block_address", before(_tell_more)),
    ),
    mutant(
        "health-needs-a-key",
        "OPS-01",
        "The liveness probe needs a key, so nobody's monitor can use it.",
        parts=with_stage("extract_token", before(_guard_health)),
    ),
    mutant(
        "liveness-is-limited",
        "OPS-11",
        "The liveness probe is limited and blocked as any other route.",
        parts=with_stage("block_address", before(_is_guarded)),
    ),
    mutant(
        "liveness-writes-a-row",
        "OPS-11-b",
        "The liveness probe is written down before it is answered.",
        parts=with_stage("block_address", before(_asks_the_trail)),
    ),
    mutant(
        "no-security-headers",
        "OPS-02",
        "No security header is sent.",
        parts=replaced({"web.security_headers": lambda _: {}}),
    ),
    mutant(
        "sniffing-allowed",
        "OPS-02",
        "X-Content-Type-Options is missing.",
        parts=_without("X-Content-Type-Options"),
    ),
    mutant(
        "sql-lint-off",
        "OPS-06",
        "The rule that finds interpolated SQL is ignored.",
        state=_lint_without_sql,
    ),
    mutant(
        "lint-of-injection-alone",
        "OPS-07",
        "Of the rules for dangerous code only the one for SQL is on.",
        state=_lint_of_injection_alone,
    ),
    mutant(
        "lint-that-only-warns",
        "OPS-07",
        "Dangerous code is listed, and passes.",
        state=_lint_that_only_warns,
    ),
    mutant(
        "audit-that-may-fail",
        "OPS-07",
        "The audit of dependencies is an optional step: its findings stop nothing.",
        state=_audit_that_may_fail,
    ),
    mutant(
        "failed-migration-exits-0",
        "OPS-05",
        "The deployment tells of a failed migration, and goes on.",
        state=_migrated_by(_by_script('"$@" || echo "Migration failed, see above"')),
    ),
    mutant(
        "migration-without-dump",
        "OPS-05",
        "The deployment switches the dump off, which took too long once.",
        state=_migrated_by(_without_dump),
    ),
    mutant(
        "dump-tidied-away",
        "OPS-05",
        "The deployment tidies up when it ends, and the dump goes with the rest.",
        state=_migrated_by(_tidying_up),
    ),
    mutant(
        "dump-of-the-schema-alone",
        "OPS-05",
        "The dump holds the tables, and no row.",
        state=_migrated_by(_dumping_the_schema_alone),
    ),
    mutant(
        "pull-requests-by-heading",
        "OPS-08",
        "The check of a pull request looks for headings, and not for what stands under them.",
        state=_headings_alone,
    ),
    mutant(
        "unticked-plan-accepted",
        "OPS-08",
        "A box in the test plan counts, ticked or not.",
        state=_boxes_count_as_ticks,
    ),
    mutant(
        "reviews-in-a-comment-count",
        "OPS-08",
        "What a template holds in a comment counts as a review.",
        state=_comments_count,
    ),
)
