"""OPS: the running service as its operators and their tools see it."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import pytest

from conformance.channels.http.wire import require_alive
from conformance.forge.code import DANGEROUS, HARMLESS
from conformance.forge.guise import in_guise
from conformance.forge.requests import Request, opening
from conformance.model import Channel
from conformance.requirement import requirement
from conformance.verdicts import establish

if TYPE_CHECKING:
    from conformance.channels.http.answer import Answer
    from conformance.channels.http.transcript import Transcript
    from conformance.channels.http.wire import Wire
    from conformance.channels.programs.migration import MigrationDrill
    from conformance.channels.programs.pull_request import PullRequestCheck
    from conformance.channels.programs.repository import DependencyAudit, SourceLint
    from conformance.channels.sql.app_role import AppDatabase
    from conformance.profile.target import Target

GOOD_SQL = (
    'def find(db, name):\n    return db.execute("SELECT id FROM t WHERE name = %s", (name,))\n'
)
BAD_SQL = {
    "f-string": "f\"SELECT id FROM t WHERE name = '{name}'\"",
    "percent": "\"SELECT id FROM t WHERE name = '%s'\" % name",
    "format": "\"SELECT id FROM t WHERE name = '{}'\".format(name)",
    "concatenation": '"SELECT id FROM t WHERE name = \'" + name + "\'"',
    "delete": "f\"DELETE FROM t WHERE name = '{name}'\"",
    "insert": "f\"INSERT INTO t VALUES ('{name}')\"",
    "update": "f\"UPDATE t SET name = '{name}'\"",
}


@requirement("OPS-01")
def test_health_tells_liveness_and_nothing_more(wire: Wire, target: Target) -> None:
    """Anybody may ask, so each entry more is told to everybody."""
    answer = wire.get(target.routes.health or "")
    require_alive(answer)
    assert answer.status == HTTPStatus.OK, f"the health route answered {answer}"
    names = target.fields.health
    assert set(answer.entries) == set(names.places().values()), (
        f"the health answer has the entries {sorted(answer.entries)}: {answer}"
    )
    if names.ok:
        ok = answer.entries[names.ok]
        # Many say it in a word, such as "up": that it is a good one, the status tells.
        assert ok is True or (isinstance(ok, str) and ok), (
            f"{names.ok} is neither true nor a word in the health answer {answer}"
        )
    if names.version:
        assert isinstance(answer.entries[names.version], str), (
            f"{names.version} is no string in the health answer {answer}"
        )
    if names.uptime:
        uptime = answer.entries[names.uptime]
        is_number = isinstance(uptime, int | float) and not isinstance(uptime, bool)
        assert is_number, f"{names.uptime} is no number in the health answer {answer}"
        assert uptime >= 0, f"{names.uptime} is below 0 in the health answer {answer}"


@requirement("OPS-02")
def test_security_headers_are_on_every_response(wire: Wire, target: Target) -> None:
    """Successes and errors of every kind, since each may leave the server by another door."""
    key = target.tenants.a.key if target.tenants else None
    good = opening(wire.revision)
    answers = {
        "opening": wire.send(good, key=key),
        "no key": wire.send(good),
        "malformed": wire.send(good.but(body=b"{"), key=key),
        "wrong method": wire.send(good.but(method="PUT"), key=key),
        "unknown path": wire.send(Request("GET", in_guise("/hallmark-no-such-path")), key=key),
        "foreign origin": wire.send(
            good.with_header("Origin", f"https://{in_guise('attacker')}.example"), key=key
        ),
    }
    if target.routes.health:
        answers["health"] = wire.get(target.routes.health)
    if target.routes.rotate_key:
        answers["admin"] = wire.post_admin(target.routes.rotate_key, b"{}", None)
    for answer in answers.values():
        require_alive(answer)
    lacking = {what: missing for what, answer in answers.items() if (missing := _missing(answer))}
    by_header: dict[str, list[str]] = {}
    for what, names in lacking.items():
        for name in names:
            by_header.setdefault(name, []).append(what)
    told = "; ".join(f"no {name} on {', '.join(where)}" for name, where in by_header.items())
    assert not lacking, told


@requirement("OPS-06")
@pytest.mark.parametrize("form", list(BAD_SQL))
def test_interpolated_sql_fails_lint(lint: SourceLint, form: str) -> None:
    """The same module with a parameter passes, so the interpolation is what fails."""
    establish(lint.accepts(GOOD_SQL), "lint passes a parameterized query")
    bad = f"def find(db, name):\n    return db.execute({BAD_SQL[form]})\n"
    assert not lint.accepts(bad), f"lint passed db.execute({BAD_SQL[form]})"


@requirement("OPS-05")
def test_a_failed_migration_aborts_and_its_dump_restores(
    migration: MigrationDrill, transcript: Transcript
) -> None:
    """The rows are removed after it has failed, so that they can come from the dump alone."""
    before = migration.rows()
    establish(before, "there are rows to lose")
    failed = migration.fail()
    transcript.note("the failed migration", f"exit code {failed.code}\n{failed.output}")
    assert failed.code != 0, "a failed migration ended as if it had succeeded"
    assert failed.restore, "the command that restores is not told"
    assert failed.dumps, f"no dump of this migration is named in {failed.restore}"
    assert migration.rows() == before, "the failed migration changed rows"
    migration.empty()
    establish(not migration.rows(), "the rows can be removed")
    restored = migration.restore(failed.restore)
    transcript.note("the restore", f"exit code {restored.code}\n{restored.output}")
    assert restored.code == 0, "the restore, run as it was told, failed"
    assert migration.rows() == before, "the restore did not bring the rows back"


@requirement("OPS-05", also_needs=(Channel.APP_SQL,))
def test_what_migrations_made_is_not_the_runtime_roles(app_sql: AppDatabase) -> None:
    """Whoever runs a migration owns what it makes, and an owner may take off what guards it."""
    role = app_sql.role()
    assert not role.owned_tables, f"the runtime role owns {', '.join(map(str, role.owned_tables))}"


@requirement("OPS-07", also_needs=(Channel.SECURITY_LINT,))
@pytest.mark.parametrize("kind", list(DANGEROUS))
def test_dangerous_code_fails_lint(security_lint: SourceLint, kind: str) -> None:
    """What Bandit rates medium or high; a module that does the same safely passes."""
    establish(security_lint.accepts(HARMLESS), "lint passes harmless code")
    assert not security_lint.accepts(DANGEROUS[kind]), f"lint passed code with {kind}"


@requirement("OPS-07", also_needs=(Channel.AUDIT,))
def test_a_known_advisory_fails_the_audit(audit: DependencyAudit) -> None:
    """A package of our own making and an advisory of our own: all else is the gate's."""
    establish(audit.accepts(is_vulnerable=False), "the audit passes a package without advisories")
    assert not audit.accepts(is_vulnerable=True), (
        "the audit passed a package that has an advisory of high severity"
    )


@requirement("OPS-08")
def test_a_pull_request_without_reviews_and_a_ticked_plan_fails(
    pull_request: PullRequestCheck,
) -> None:
    """One thing at a time is taken out of a body that passes, so that thing is what fails."""
    establish(pull_request.accepts(pull_request.good), "the check passes a body that lacks nothing")
    lacking = pull_request.lacking()
    establish(lacking, "the good body has the sections that the profile names")
    accepted = [what for what, body in lacking.items() if pull_request.accepts(body)]
    assert not accepted, f"the check passed bodies that lack {'; '.join(accepted)}"


def _missing(answer: Answer) -> list[str]:
    policy = (answer.header("content-security-policy") or "").lower()
    frames, types = _said(answer, "x-frame-options"), _said(answer, "x-content-type-options")
    present = {
        "X-Content-Type-Options: nosniff": types == {"nosniff"},
        "Content-Security-Policy": bool(policy),
        "X-Frame-Options or frame-ancestors": frames in ({"deny"}, {"sameorigin"})
        or "frame-ancestors" in policy,
        "Referrer-Policy": bool(answer.header("referrer-policy")),
    }
    return [name for name, holds in present.items() if not holds]


def _said(answer: Answer, name: str) -> set[str]:
    """Return what a header says, which an edge and the server behind it may both do."""
    return {word.strip().lower() for word in (answer.header(name) or "").split(",")} - {""}
