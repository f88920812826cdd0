"""The attacks: what they say, what is held against a server, and one of them as a user makes it."""

from __future__ import annotations

import asyncio
import queue
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from load.attacks import __main__ as command
from load.attacks import attacker
from load.attacks.attacker import Attacker, Done, Place, attacking
from load.attacks.bars import Measured, table
from load.attacks.callers import Seen
from load.attacks.families import ATTACKS

ROOT = Path(__file__).parents[2]
QUIET = 20.0
SECONDS, LONGEST = 2.0, 30.0
GOOD = Measured(
    ATTACKS["idle-connections"],
    QUIET,
    Seen([QUIET] * 200),
    Seen([5.0] * 200),
    grown=1.0,
    kept=0.0,
    done=Done(7, 0, 2_000_000),
)


def test_what_holds_misses_no_bar() -> None:
    assert GOOD.missed() == []
    assert "| holds |" in table([GOOD])
    assert "7 connections, 2 MB" in table([GOOD])


@pytest.mark.parametrize(
    ("measured", "missed"),
    [
        (replace(GOOD, calls=Seen([101.0] * 200)), "p99 101 ms"),
        (replace(GOOD, calls=Seen([QUIET] * 200, ["429"])), "refused 429"),
        (replace(GOOD, health=Seen([200.0] * 200)), "health p99 200 ms"),
        (replace(GOOD, health=Seen([5.0], ["ReadError"])), "no health ReadError"),
        (replace(GOOD, grown=64.0), "64 MiB more"),
        (replace(GOOD, kept=70.0), "70 MiB kept"),
    ],
)
def test_each_bar_is_missed_by_itself(measured: Measured, missed: str) -> None:
    assert measured.missed() == [missed]
    assert missed in table([measured])


def test_who_is_slow_by_itself_may_be_twice_as_slow() -> None:
    slow = replace(GOOD, quiet=80.0, calls=Seen([160.0] * 200))
    assert slow.missed() == []
    slower = replace(slow, calls=Seen([161.0] * 200), health=Seen([201.0] * 200))
    assert slower.missed() == ["p99 161 ms", "health p99 201 ms"]
    assert slower.missed(is_timed=False) == []


def test_of_few_calls_the_longest_counts_and_of_many_one_in_a_hundred_may_take_longer() -> None:
    assert Seen([1.0] * 98 + [9.0]).p99 == 9.0
    assert Seen([1.0] * 199 + [9.0]).p99 == 1.0
    assert Seen().p99 == 0.0


def test_each_attack_connects_and_ends_in_time() -> None:
    """To a server that answers whatever it is told, and closes: no loop goes on for ever."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1 << 16)
        writer.write(b"HTTP/1.1 401 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    async def scene() -> list[Done]:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        routes, failing = ("/mcp", "/health"), ("fail", "message", "detail")
        place = Place(
            "127.0.0.1", port, "/mcp", "127.0.0.2", "X-Api-Key", "key", routes, failing, "ping"
        )
        few = [replace(attack, connections=1) for attack in ATTACKS.values()]
        async with server, asyncio.timeout(LONGEST):
            return await asyncio.gather(*(Attacker(place).run(one, SECONDS) for one in few))

    done = dict(zip(ATTACKS, asyncio.run(scene()), strict=True))
    assert [name for name, one in done.items() if not one.connections] == []


def test_an_attack_that_dies_is_not_awaited(monkeypatch: pytest.MonkeyPatch) -> None:
    place = Place("127.0.0.1", 1, "/mcp", "127.0.0.2", "X-Api-Key", "key", (), ("", "", ""), "ping")
    unknown = replace(ATTACKS[min(ATTACKS)], name="of no family")
    with attacking(unknown, place, SECONDS) as done:
        monkeypatch.setattr(attacker, "END_SECONDS", 0.2)
        with pytest.raises(queue.Empty):
            done()


def test_a_page_keeps_what_stands_before_its_table(tmp_path: Path) -> None:
    page = tmp_path / "attacks.md"
    page.write_text(f"# Words\n\n{command.MARK}\n\nformer\n", encoding="utf-8")
    for _ in range(2):
        command.write_page(page, [replace(GOOD, attack=one) for one in ATTACKS.values()], 60.0)
    text = page.read_text("utf-8")
    assert text.startswith(f"# Words\n\n{command.MARK}\n\nEach for 60 s, on ")
    assert "former" not in text
    assert text.count("| `idle-connections` |") == 1


def test_what_is_made_anew_takes_the_place_of_its_row_alone(tmp_path: Path) -> None:
    page = tmp_path / "attacks.md"
    command.write_page(page, [replace(GOOD, attack=one) for one in ATTACKS.values()], 60.0)
    former = page.read_text("utf-8").splitlines()
    command.write_page(page, [replace(GOOD, grown=17.0)], 60.0)
    text = page.read_text("utf-8").splitlines()
    assert [new for old, new in zip(former, text, strict=False) if old != new] == [
        replace(GOOD, grown=17.0).row()
    ]
    assert text[-1].startswith("Made anew, each for 60 s")
    assert text[-1].endswith(": `idle-connections`.")


def test_a_mistake_is_told_with_what_there_is() -> None:
    run = _attacks("--only", "nothing-of-the-kind")
    assert run.returncode == 2
    assert "idle-connections" in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.slow
def test_an_attack_on_the_reference_server_is_measured() -> None:
    """How quick a machine is that does other things meanwhile, no test can hold it to."""
    run = _attacks("--seconds=2", "--only=refusals")
    assert run.returncode in {0, 1}, run.stdout + run.stderr
    assert "| `refusals` |" in run.stdout
    assert "times 401" in run.stdout
    assert "Traceback" not in run.stdout + run.stderr


def _attacks(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "load.attacks", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
