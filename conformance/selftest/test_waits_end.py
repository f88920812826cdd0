"""Every wait of the judge reaches its bound, and tells what it waited for.

A wait that nobody has put into ``PROVED`` fails here; so does a proof whose wait is gone.
"""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from conformance.channels.http import gate
from conformance.channels.programs import ending, launch, migration, official_client, repository
from conformance.channels.programs.launch import Launched
from conformance.channels.programs.migration import MigrationDrill
from conformance.channels.sql import owner
from conformance.channels.sql.owner import TrailOwner
from conformance.manners.budget import KeyPace
from conformance.manners.turn import let_go, taken
from conformance.profile.events import Outcomes
from conformance.profile.fields import TrailFields
from conformance.profile.target import DeclaredLimits
from conformance.run import dependant, soak
from conformance.run.dependant import Dependant, end_those_of_workers
from conformance.run.fleet import TargetItem
from conformance.selftest.test_waits_rule import EXCEPT, ROOT, ours
from conformance.selftest.waits import waits
from conformance.verdicts import NotEstablishedError
from conformance.waiting import OverdueError, wait_for

if TYPE_CHECKING:
    from collections.abc import Generator

TINY = 0.2
AMPLE = 30.0
"""What a test may take: it must fail, not hang."""
SLEEPS = ("sh", "-c", "exec sleep 60")
STUBBORN = ("sh", "-c", 'trap "" TERM; : > "$0"; while :; do sleep 1; done')
GUARDS = {"Lock", "RLock", "Condition"}
HERE, TAPS = "test_waits_end.py", "test_waits_of_taps.py"
CROWDS = "test_crowd.py"
TAP_ENDS = "test_a_tap_ends_though_its_lines_are_open"
HELD_ENDS = "test_a_tap_that_holds_ends_with_its_lines_and_with_who_knocks"
ISSUERS = "test_issuer.py test_who_is_kept_waiting_is_let_go_at_the_end"
ATTACKS = "test_attacks.py test_each_attack_connects_and_ends_in_time"
PROVED = {
    "conformance/run/dependant.py Dependant._end": (
        f"{HERE} test_a_judge_that_does_not_end_is_killed"
    ),
    "conformance/run/dependant.py end_those_of_workers": (
        f"{HERE} test_judges_of_workers_are_killed"
    ),
    "conformance/run/dependant.py _watch": "test_running.py "
    "test_a_fleet_that_is_ended_ends_its_judges_and_their_targets",
    "conformance/channels/programs/ending.py end": (
        f"{HERE} test_a_process_that_heeds_nothing_is_killed"
    ),
    "conformance/channels/programs/ending.py reap": f"{HERE} test_what_cannot_be_killed_is_told",
    "conformance/channels/http/bounds.py BoundedStream._sent_or_heard": "test_waits_of_lines.py "
    "test_who_reads_nothing_is_not_awaited",
    "conformance/channels/sql/database.py BoundedConnection.wait": "test_waits_of_lines.py "
    "test_a_database_that_falls_silent_is_not_awaited",
    "conformance/channels/sql/database.py _within": "test_waits_of_lines.py "
    "test_a_database_that_falls_silent_is_not_awaited",
    "conformance/channels/sql/database.py connected": "test_waits_of_lines.py "
    "test_a_database_that_takes_nobody_in_is_not_awaited",
    "conformance/channels/http/gate.py Gate._wait": f"{HERE} test_a_gate_opens_without_the_others",
    "conformance/channels/matching.py entries_of": "test_matching.py "
    "test_a_pattern_that_tries_every_split_is_ended_and_named",
    "conformance/channels/sql/tap/line.py Line.ask": (
        f"{TAPS} test_a_question_that_is_not_answered_is_given_up"
    ),
    "conformance/channels/sql/tap/line.py Line._turn": f"{TAPS} {TAP_ENDS}",
    "conformance/channels/sql/tap/line.py Line._take": f"{TAPS} {TAP_ENDS}",
    "conformance/channels/sql/tap/tap.py Tap.__exit__": f"{TAPS} {TAP_ENDS}",
    "conformance/channels/sql/tap/tap.py Tap._accept": f"{TAPS} {TAP_ENDS}",
    "conformance/channels/sql/tap/tap.py Tap._connected": (
        f"{TAPS} test_a_database_that_takes_nobody_in_ends_its_client"
    ),
    "conformance/channels/sql/tap/tap.py _exactly": (
        f"{TAPS} test_a_client_that_says_nothing_is_not_awaited"
    ),
    "conformance/channels/programs/launch.py Launched.end": (
        f"{HERE} test_a_server_that_stays_is_killed"
    ),
    "conformance/channels/programs/launch.py Launched.accepts": "test_waits_of_lines.py "
    "test_a_port_that_takes_nobody_in_is_not_awaited",
    "conformance/channels/programs/launch.py Launched.is_serving": "test_waits_of_lines.py "
    "test_a_health_route_that_is_silent_serves_nobody",
    "conformance/channels/programs/migration.py _run": f"{HERE} test_a_migration_is_cut_short",
    "conformance/channels/programs/official_client.py converse": (
        f"{HERE} test_a_client_is_cut_short"
    ),
    "conformance/channels/sql/owner.py _ran": (f"{HERE} test_a_verification_is_cut_short"),
    "conformance/channels/programs/repository.py passes": f"{HERE} test_a_gate_of_ci_is_cut_short",
    "conformance/channels/http/traffic.py Traffic.until": "test_waits_traffic.py "
    "test_traffic_without_an_answer_reaches_its_bound",
    "conformance/run/fleet.py TargetItem._judged": f"{HERE} test_a_target_of_a_fleet_is_cut_short",
    "conformance/run/warm.py Run.result": "test_warm.py test_a_run_that_takes_too_long_is_ended",
    "conformance/run/warm.py main": "test_warm.py test_a_run_ends_with_who_asked_for_it",
    "conformance/run/live.py LiveLine._tick": "test_progress.py "
    "test_the_live_line_follows_a_wait_and_is_taken_away",
    "conformance/run/soak.py _judge": f"{HERE} test_a_run_of_a_soak_is_cut_short",
    "conformance/manners/budget.py UnderWay.wait_for_others": "test_budget.py "
    "test_what_does_not_arrive_is_not_awaited",
    "conformance/manners/turn.py let_go": f"{HERE} test_a_turn_goes_to_who_waits",
    "conformance/manners/turn.py _is_taken": f"{HERE} test_a_turn_that_does_not_end_is_told",
    "conformance/world/serving.py WorldServer.serve_until": "test_downstream.py "
    "test_the_program_ends_with_whoever_started_it",
    "conformance/world/issuer/server.py _Handler._stay_silent": ISSUERS,
    "conformance/world/issuer/server.py _Handler._stream": ISSUERS,
    "conformance/waiting.py wait_for": f"{HERE} test_a_look_in_vain_ends",
    "conformance/waiting.py pass_time": "test_waits_crew.py "
    "test_time_let_pass_on_purpose_is_no_silence",
    "conformance/waiting.py Crew._await_word": "test_waits_crew.py "
    "test_silence_reaches_its_bound_and_tells_what_it_waited_for",
    "conformance/waiting.py Crew._drain": "test_waits_crew.py "
    "test_a_thread_that_dies_is_heard_though_others_hang",
    "conformance/waiting.py gather": "test_waits_crew.py test_gathering_ends_with_the_first_error",
    "conformance/waiting.py beside": "test_waits_crew.py test_what_is_beside_a_block_is_heard",
    "conformance/channels/http/crowd.py Crowd._connected": (
        f"{CROWDS} test_who_takes_nobody_in_is_not_awaited"
    ),
    "conformance/channels/http/crowd.py Crowd.__exit__": (
        f"{CROWDS} test_a_flood_that_does_not_end_is_not_awaited"
    ),
    "conformance/channels/http/crowd.py Crowd._go_on": (
        f"{CROWDS} test_a_flood_ends_with_its_bytes_or_where_nobody_reads"
    ),
    "conformance/channels/http/crowd.py _is_open": (
        f"{CROWDS} test_what_a_server_closes_does_not_stand_open"
    ),
    "conformance/channels/sql/tap/line.py Line.run": f"{TAPS} {HELD_ENDS}",
    "conformance/channels/sql/tap/tap.py Tap._serve": f"{TAPS} {HELD_ENDS}",
    "load/attacks/attacker.py Attacker._again_and_again": ATTACKS,
    "load/attacks/attacker.py Line.ask_on": ATTACKS,
    "load/attacks/attacker.py Line.go_on": ATTACKS,
    "load/attacks/attacker.py attacking": (
        "test_attacks.py test_an_attack_that_dies_is_not_awaited"
    ),
    "load/attacks/families/asking.py _wrong_keys": ATTACKS,
    "load/users/caller.py Caller._await_turn": "test_waits_of_users.py "
    "test_a_user_waits_for_its_turn_as_long_as_planned",
    "load/users/greedy.py GreedyUser.burst": "test_waits_of_users.py "
    "test_a_burst_ends_though_its_calls_do_not",
}
"""By module and function, the file and test that prove the bound, and that an error is heard."""


def test_each_wait_is_proved_and_each_proof_is_of_a_wait() -> None:
    found = {
        f"{name} {wait.place}"
        for name in ours()
        if name not in EXCEPT and not name.startswith("conformance/timing/")
        for wait in waits((ROOT / name).read_text("utf-8"))
        if wait.call not in GUARDS
    }
    assert found == PROVED.keys()


@pytest.mark.parametrize("proof", sorted(set(PROVED.values())))
def test_each_proof_is_a_test(proof: str) -> None:
    name, test = proof.split()
    folders = (Path(__file__).parent, ROOT / "load" / "tests")
    assert any(
        f"def {test}(" in path.read_text("utf-8")
        for folder in folders
        for path in folder.rglob(name)
    )


@pytest.fixture(autouse=True)
def is_soon_over() -> Generator[None]:
    started = time.monotonic()
    yield
    assert time.monotonic() - started < AMPLE


def started(*command: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, start_new_session=True)


def stubborn(folder: Path) -> subprocess.Popen[bytes]:
    """Start a process that heeds no request to end."""
    sign = folder / "ready"
    process = started(*STUBBORN, str(sign))
    assert wait_for(sign.exists, AMPLE)
    return process


def test_a_look_in_vain_ends() -> None:
    assert not wait_for(lambda: False, TINY)


def test_a_process_that_heeds_nothing_is_killed(tmp_path: Path) -> None:
    process = stubborn(tmp_path)
    ending.end(process, TINY)
    assert process.returncode is not None


def test_what_cannot_be_killed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "REAP_SECONDS", TINY)
    process = started(*SLEEPS)
    with pytest.raises(OverdueError, match=f"the end of process {process.pid}"):
        ending.reap(process)
    ending.kill(process)


def test_a_judge_that_does_not_end_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dependant, "END_SECONDS", TINY)
    with (tmp_path / "said").open("wb") as said, Dependant(SLEEPS, tmp_path, said) as judge:
        pass
    assert judge.process.returncode is not None


def test_judges_of_workers_are_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dependant, "END_SECONDS", TINY)
    judge = started(*SLEEPS)
    child = psutil.Process(judge.pid)

    def children(*, recursive: bool = False) -> list[psutil.Process]:
        del recursive
        return [child]

    worker = SimpleNamespace(children=children, send_signal=lambda _: None)  # pyright: ignore[reportUnknownLambdaType]
    run = SimpleNamespace(children=lambda: [worker])
    system = SimpleNamespace(
        Process=lambda: run,
        NoSuchProcess=psutil.NoSuchProcess,
        wait_procs=psutil.wait_procs,
    )
    monkeypatch.setattr(dependant, "psutil", system)
    end_those_of_workers()
    assert judge.wait(AMPLE)


def test_a_gate_opens_without_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "LONGEST_SECONDS", TINY)
    assert list(gate.Gate(2).held(b"body")) == [b"body"]


def test_a_server_that_stays_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "STOP_SECONDS", TINY)
    with Launched(stubborn(tmp_path), 1, tmp_path, "/health") as server:
        assert server.end() is None


def test_a_migration_is_cut_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migration, "SECONDS", TINY)
    channel: Any = SimpleNamespace(failing=SLEEPS)
    with pytest.raises(subprocess.TimeoutExpired):
        MigrationDrill(channel).fail()


def test_a_verification_is_cut_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(owner, "VERIFY_SECONDS", TINY)
    channel: Any = SimpleNamespace(verify=SLEEPS)
    with pytest.raises(subprocess.TimeoutExpired):
        TrailOwner(channel, channel, TrailFields(), Outcomes()).verify()


def test_a_gate_of_ci_is_cut_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repository, "LINT_SECONDS", TINY)
    with pytest.raises(subprocess.TimeoutExpired):
        repository.SourceLint(SLEEPS).accepts("")


def test_a_client_is_cut_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "client.py"
    program.write_text("import threading\nthreading.Event().wait()\n", "utf-8")
    monkeypatch.setattr(official_client, "PROGRAM", program)
    monkeypatch.setattr(official_client, "_START_SECONDS", TINY - official_client.SECONDS)
    wire: Any = SimpleNamespace(
        charge=lambda *_: None,  # pyright: ignore[reportUnknownLambdaType]
        key_header=lambda _: ("X-Api-Key", ""),  # pyright: ignore[reportUnknownLambdaType]
        path_of=lambda _: "",  # pyright: ignore[reportUnknownLambdaType]
        target=SimpleNamespace(target=SimpleNamespace(ca_bundle=None), url=""),
        listing="tools/list",
    )
    with pytest.raises(NotEstablishedError, match="did not end in time"):
        official_client.converse(wire, "a key", "auto", ())


def test_a_target_of_a_fleet_is_cut_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dependant, "END_SECONDS", TINY)
    item: Any = SimpleNamespace(
        name="one",
        config=SimpleNamespace(rootpath=tmp_path),
        _folder=tmp_path,
        _command=SLEEPS,
        _seconds=TINY,
    )
    outcome = TargetItem._judged(item)  # pyright: ignore[reportPrivateUsage]
    assert "cut short" in outcome.words


def test_a_run_of_a_soak_is_cut_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soak, "LONGEST_SECONDS", TINY)
    monkeypatch.setattr(soak.sys, "executable", str(_sleeper(tmp_path)))
    (found,) = soak._judge(tmp_path, [])  # pyright: ignore[reportPrivateUsage]
    assert found.verdict == "did not end"


def _sleeper(folder: Path) -> Path:
    """Return a program that takes any words, and does not end."""
    program = folder / "sleeper"
    program.write_text("#!/bin/sh\nexec sleep 60\n", "utf-8")
    program.chmod(0o700)
    return program


def test_a_turn_that_does_not_end_is_told(tmp_path: Path) -> None:
    place = tmp_path / "turn"
    with place.open("a") as one, place.open("a") as other:
        taken(one, alone=True, seconds=TINY)
        with pytest.raises(OverdueError, match="to let go of the target"):
            taken(other, alone=False, seconds=TINY)


def test_a_turn_goes_to_who_waits(tmp_path: Path) -> None:
    place = tmp_path / "turn"
    with place.open("a") as one, place.open("a") as other:
        taken(one, alone=True, seconds=TINY)
        let_go(one)
        taken(other, alone=False, seconds=TINY)


def test_room_that_others_take_is_not_awaited_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = DeclaredLimits(tenant_requests=3, tenant_window_seconds=60)
    pace = KeyPace(limits)
    pace.spend("a key")
    monkeypatch.setattr("conformance.manners.budget._MOST_WINDOWS", 0)
    with pytest.raises(OverdueError, match="room for one more request"):
        pace.spend("a key")
