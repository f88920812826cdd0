"""Options and hooks of the judge; what they do lives in the modules they call."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from conformance.catalogue import requirements
from conformance.profile import reading as profiles
from conformance.requirement import needs_of, requirement_of, unless_of
from conformance.run import (
    authorization_fixtures,
    delivery_fixtures,
    fixtures,
    fleet,
    granting_fixtures,
    issuer_fixtures,
    mail_fixtures,
    policy_fixtures,
    terminal,
    token_fixtures,
    vault_fixtures,
)
from conformance.run import options as command_line
from conformance.run.dependant import depend
from conformance.run.fixtures import OUTCOME, SESSION
from conformance.run.interruption import Interruption, broke_off
from conformance.run.judgeable import check_profile, dry_run, obstacle
from conformance.run.outcome import ItemOutcome
from conformance.run.progress import Manner, Progress, WorkerProgress, manner_of
from conformance.run.recorder import PROPERTY, Recorder, from_property, started_now
from conformance.run.rendering import render_run
from conformance.run.session import open_session
from conformance.text.plain import powerless
from conformance.verdicts import CHECKS, NotApplicableError, NotEstablishedError

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path


RECORDER = pytest.StashKey[Recorder]()
STARTED = pytest.StashKey[Any]()
PROGRESS = pytest.StashKey[Progress]()
WANTED = pytest.StashKey[tuple[str, ...]]()
"""The ids of the requirements to judge, each as a check's decorator has it."""


# -- the run ----------------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Declare the judge's options, and register what hears a request to end."""
    command_line.add_options(parser)
    pluginmanager.register(Interruption(), "hallmark-interruption")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """Check the profile instead of judging, if that is asked for: no plugin need even start."""
    instead = {"--check-profile": check_profile, "--dry-run": dry_run}
    asked = next((name for name in instead if config.getoption(name)), None)
    if asked is None:
        return None
    if not command_line.is_judging(config):
        raise pytest.UsageError(f"{asked} goes with the judge: pytest conformance")
    try:
        sys.stdout.write(instead[asked](command_line.parse(config), config.rootpath))
    except profiles.ProfileError as error:
        raise pytest.UsageError(str(error)) from None
    return 0


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Open the session: a bad option or a target that cannot be started ends the run here."""
    if not command_line.is_judging(config):
        return
    if not config.option.collectonly:
        depend()
    if config.getoption("--targets"):
        fleet.configure(config)
        return
    config.pluginmanager.register(fixtures, "hallmark-fixtures")
    config.pluginmanager.register(token_fixtures, "hallmark-token-fixtures")
    config.pluginmanager.register(authorization_fixtures, "hallmark-authorization-fixtures")
    config.pluginmanager.register(policy_fixtures, "hallmark-policy-fixtures")
    config.pluginmanager.register(delivery_fixtures, "hallmark-delivery-fixtures")
    config.pluginmanager.register(mail_fixtures, "hallmark-mail-fixtures")
    config.pluginmanager.register(granting_fixtures, "hallmark-granting-fixtures")
    config.pluginmanager.register(issuer_fixtures, "hallmark-issuer-fixtures")
    config.pluginmanager.register(vault_fixtures, "hallmark-vault-fixtures")
    if config.option.collectonly:
        return
    config.option.tbstyle = "no"
    config.option.reportchars = ""
    # Warnings are errors in our own tests; in a judgement they would fail whichever check runs.
    for warning in ("ResourceWarning", "pytest.PytestUnraisableExceptionWarning"):
        config.addinivalue_line("filterwarnings", f"ignore::{warning}")
    if getattr(config.option, "numprocesses", None):
        # Checks keep their order, in which those that need the target alone come last.
        config.option.loadscopereorder = False
    config.stash[STARTED] = started_now()
    progress = config.stash[PROGRESS] = Progress(manner_of(config))
    session = config.stash[SESSION] = open_session(config)
    progress.opened(session)
    recorder = config.stash[RECORDER] = Recorder(session)
    config.pluginmanager.register(recorder, "hallmark-recorder")
    worker: dict[str, Any] | None = getattr(config, "workerinput", None)
    if worker is None:
        config.pluginmanager.register(progress, "hallmark-progress")
    elif worker["hallmark-is-watched"]:
        told = session.told_by(str(worker["workerid"]))
        config.pluginmanager.register(WorkerProgress(told), "hallmark-progress")


@pytest.hookimpl(tryfirst=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what this run started."""
    if (progress := config.stash.get(PROGRESS, None)) is not None:
        progress.close()
    if (session := config.stash.get(SESSION, None)) is not None:
        session.close()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep the checks that need the target alone on one worker."""
    if not command_line.is_judging(config) or config.getoption("--targets"):
        return None
    from conformance.run.scheduling import OneWorkerAlone

    return OneWorkerAlone(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Hand a pytest-xdist worker what it needs."""
    if (session := node.config.stash.get(SESSION, None)) is not None:
        node.workerinput["hallmark"] = session.for_worker()
        is_watched = node.config.stash[PROGRESS].manner is Manner.LIVE
        node.workerinput["hallmark-is-watched"] = is_watched


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Learn from a worker which requirements were to be judged."""
    if (recorder := node.config.stash.get(RECORDER, None)) is not None:
        recorder.planned.update(getattr(node, "workeroutput", {}).get("planned", ()))


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out of a judgement the suite's own tests, and checks of what is not to be judged."""
    if not command_line.is_judging(config):
        return None
    if collection_path.name == "selftest":
        return True
    if collection_path.parent.parent != CHECKS or config.getoption("--targets"):
        return None
    if (wanted := config.stash.get(WANTED, None)) is None:
        options = command_line.parse(config)
        chosen = (name for name, entry in requirements().items() if options.selects(entry))
        wanted = config.stash[WANTED] = tuple(f'"{name}"' for name in chosen)
    text = collection_path.read_text("utf-8") if collection_path.suffix == ".py" else ""
    return None if any(name in text for name in wanted) else True


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the selected checks; those that need the target alone come last."""
    if not command_line.is_judging(config) or config.getoption("--targets"):
        return
    options = command_line.parse(config)
    chosen = [item for item in items if options.selects(requirement_of(item))]
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    chosen.sort(key=lambda item: requirement_of(item).alone)
    items[:] = chosen
    if (recorder := config.stash.get(RECORDER, None)) is not None:
        recorder.planned.update(requirement_of(item).id for item in chosen)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Write the record and the report, and turn the verdicts into the exit code."""
    config = session.config
    recorder = config.stash.get(RECORDER, None)
    if recorder is None:
        return
    if (output := getattr(config, "workeroutput", None)) is not None:
        output["planned"] = sorted(recorder.planned)
        return
    if recorder.planned and not broke_off(config, exitstatus):
        session.exitstatus = recorder.exit_code()


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config
) -> None:
    """End the run with the table, and only then write files: no verdict is lost with a disk."""
    recorder = config.stash.get(RECORDER, None)
    if recorder is None or not recorder.planned or hasattr(config, "workerinput"):
        return
    session = config.stash[SESSION]
    terminal.write_summary(terminalreporter, session, recorder.findings())
    terminal.drop_closing_line(terminalreporter)
    terminalreporter.flush()
    try:
        terminalreporter.write_line(f"report: {_written(config, recorder, exitstatus)}")
    except OSError as error:
        why = f"{error.filename or 'the record'}: {error.strerror}"
        terminalreporter.write_line(f"no report was written: {powerless(why)}", red=True)


def _written(config: pytest.Config, recorder: Recorder, exitstatus: int) -> Path:
    """Write the record and the documents; return the one to look at. Raises OSError."""
    session = config.stash[SESSION]
    options = session.options
    folder = command_line.report_folder(options, session.target.target.name, config.rootpath)
    record = recorder.write(
        folder,
        complete=not broke_off(config, exitstatus),
        digest=session.plan.digest,
        started=config.stash[STARTED],
    )
    is_rendered = not options.is_record_alone and render_run(record.resolve())
    if options.report is None:
        command_line.point_latest_to(folder)
    return folder / "report.html" if is_rendered else record


# -- one check --------------------------------------------------------------------------------


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Find out before any set-up whether the check can be made at all."""
    session = item.config.stash.get(SESSION, None)
    if session is None:
        return
    entry = requirement_of(item)
    if reason := session.target.inapplicable_check(entry.id, item.name):
        raise NotApplicableError(f"not applicable: {reason}")
    if (unless := unless_of(item)) and session.target.says_none(unless):
        raise NotApplicableError(f"the profile says that there is none: {unless} = false")
    if error := obstacle(session.target, session.options, entry, needs_of(item)):
        raise error
    if not session.discovery.alive:
        raise NotEstablishedError(session.discovery.reason)
    session.stalls.require_patience()
    session.renew()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Let no check pass on an answer that is missing: it may have shown a violation."""
    done = yield
    outcome = item.stash.get(OUTCOME, None)
    if outcome is not None and outcome.transcript is not None:
        outcome.transcript.require_answers()
    return done


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Decide the check's verdict, and send it along with the last of its reports."""
    report = yield
    session = item.config.stash.get(SESSION, None)
    if session is None:
        return report
    outcome = item.stash.setdefault(OUTCOME, ItemOutcome(requirement_of(item), item.name))
    outcome.take(call, report, session.redactor)
    if call.when == "teardown":
        report.user_properties.append((PROPERTY, outcome.as_property()))
    if call.when != "setup":  # a failed set-up must still keep pytest from the call
        report.outcome = "passed"  # pytest's own words would count checks, not verdicts
    return report


def pytest_report_teststatus(
    report: pytest.CollectReport | pytest.TestReport, config: pytest.Config
) -> tuple[str, Any, str] | None:
    """Show a check's verdict, if pytest is asked for a line a check."""
    if config.stash.get(SESSION, None) is None or not isinstance(report, pytest.TestReport):
        return None
    if config.stash[PROGRESS].manner is not Manner.PYTEST:
        return "", "", ""
    for name, value in report.user_properties:
        if name == PROPERTY:
            verdict = from_property(str(value))[1].verdict
            return verdict.value, "", (verdict.value.upper(), terminal.colours(verdict))  # type: ignore[return-value]
    return "", "", ""
