"""``python -m load.attacks``: starts the reference server, attacks it, tells what callers saw."""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from conformance.channels.clock import TargetClock
from conformance.channels.memory import MIB, memory_of
from load.attacks.attacker import Done, Place, attacking
from load.attacks.bars import Measured, table
from load.attacks.callers import Callers
from load.attacks.families import ATTACKS
from load.setting import Setting, SettingError, open_setting

if TYPE_CHECKING:
    from conformance.profile.target import Target
    from load.attacks.attack import Attack

BAD_USAGE = 2
SECONDS, SHORT_SECONDS = 60.0, 1.5
QUIET, SHORTEST_QUIET = 0.5, 4.0
"""How long quiet is measured, in parts of an attack's time, and in seconds at least."""
BRIEF = 10.0
"""Seconds of an attack below which quiet is not measured before each anew."""
AFTERWARDS = 0.3
"""After how long a server has given back what it took, in parts of an attack's time ..."""
MOST_AFTERWARDS = 3.0
"""... and in seconds at most."""
TRIES = 3
"""How often a bar must be missed: this machine has more to do than this."""
LOOK = 0.25
WINDOW = 61
"""Seconds that pass at the server between two attacks, so that no window is left of the last."""


class Stage:
    """A server, its callers, and one attack on it after the other."""

    def __init__(self, setting: Setting, seconds: float, *, is_timed: bool = True) -> None:
        self._target, self._seconds, self._is_timed = setting.target, seconds, is_timed
        self._callers, self._number = Callers(setting.target), 0
        channels = setting.target.channels
        if channels.memory is None or channels.clock is None:
            raise SettingError("the profile has no [channels.memory] or no [channels.clock]")
        self._memory = channels.memory
        self._clock = TargetClock(channels.clock, lambda _: None)
        self._first, self._quiet = 0.0, cast("float | None", None)

    async def measure(self, attack: Attack) -> Measured:
        """Measure quiet, then the attack; where a bar is missed, both anew."""
        for _ in range(TRIES - 1):
            found = await self._measure(attack)
            if not found.missed(is_timed=self._is_timed):
                return found
            self._quiet = None
        return await self._measure(attack)

    async def _measure(self, attack: Attack) -> Measured:
        if self._quiet is None or self._seconds > BRIEF:
            self._clock.advance(WINDOW)
            quiet, _ = await self._callers.work(max(QUIET * self._seconds, SHORTEST_QUIET))
            self._quiet = quiet.p99
        self._clock.advance(WINDOW)
        before = self._mib()
        self._first = self._first or before
        self._number += 1
        place = _place(self._target, f"127.202.{self._number}.1")
        with attacking(attack, place, self._seconds) as done:
            working = asyncio.create_task(self._callers.work(self._seconds))
            most = before
            while not working.done():
                most = max(most, self._mib())
                await asyncio.sleep(LOOK)
            calls, health = await working
            told: Done = await asyncio.to_thread(done)
        await asyncio.sleep(min(MOST_AFTERWARDS, AFTERWARDS * self._seconds))
        kept = self._mib() - self._first
        return Measured(attack, self._quiet, calls, health, most - before, kept, told)

    def _mib(self) -> float:
        return memory_of(self._memory) / MIB


def _place(target: Target, address: str) -> Place:
    parts, tools, tenants = urlsplit(target.url), target.tools, target.tenants
    if tenants is None or tenants.spare is None or tools.failing is None or tools.ping is None:
        raise SettingError("the profile has no [tenants.spare], [tools.failing] or [tools] ping")
    failing = tools.failing
    return Place(
        parts.hostname or "",
        parts.port or 80,
        parts.path,
        address,
        target.headers.api_key,
        tenants.spare.key,
        (parts.path, *target.routes.paths().values()),
        (failing.name, failing.message_argument, failing.detail_argument or ""),
        tools.ping,
    )


async def _run(stage: Stage, names: list[str]) -> list[Measured]:
    measured: list[Measured] = []
    for name in names:
        measured.append(await stage.measure(ATTACKS[name]))
        print(measured[-1].row(), flush=True)  # noqa: T201 -- what a terminal shows of it
    return measured


def _options(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m load.attacks", description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of each attack")
    parser.add_argument(
        "--short",
        action="store_true",
        help=f"{SHORT_SECONDS} s of each, too few for times to decide",
    )
    parser.add_argument("--only", default="", help="these alone, separated by commas")
    parser.add_argument("--write", type=Path, metavar="FILE", help="page to write the table into")
    options = parser.parse_args(words)
    names = [name for name in options.only.split(",") if name] or list(ATTACKS)
    if unknown := [name for name in names if name not in ATTACKS]:
        parser.error(f"--only={unknown[0]}: there are {', '.join(ATTACKS)}")
    options.only, options.seconds = names, SHORT_SECONDS if options.short else options.seconds
    if options.seconds <= 0:
        parser.error(f"--seconds={options.seconds}: give more than 0")
    return options


def main(words: list[str] | None = None) -> int:
    """Attack, print the table, and return 0 where every bar holds, 1 where one is missed."""
    options = _options(sys.argv[1:] if words is None else words)
    is_timed = not options.short
    try:
        setting = open_setting(None, None, None)
        try:
            stage = Stage(setting, options.seconds, is_timed=is_timed)
            measured = asyncio.run(_run(stage, options.only))
        finally:
            setting.close()
    except SettingError as error:
        sys.stderr.write(f"attacks: {error}\n")
        return BAD_USAGE
    missed = {one.attack.name: told for one in measured if (told := one.missed(is_timed=is_timed))}
    for name, told in missed.items():
        print(f"MISSED {name}: {'; '.join(told)}")  # noqa: T201 -- see above
    if options.write is not None:
        write_page(options.write, measured, options.seconds)
    return 1 if missed else 0


MARK = "<!-- made by python -m load.attacks --write -->"


def write_page(page: Path, measured: list[Measured], seconds: float) -> None:
    """Put the table in place of the one that a page has after its mark; what is before it stays.

    Where not all attacks were made, their rows alone are exchanged, and a line tells of that.
    """
    text = page.read_text(encoding="utf-8") if page.exists() else f"# Under attack\n\n{MARK}\n"
    head, _, former = text.partition(MARK)
    others = f"whose load was {os.getloadavg()[2]:.1f} in the last quarter of an hour"
    if len(measured) < len(ATTACKS) and ROW in former:
        names = ", ".join(f"`{one.attack.name}`" for one in measured)
        told = f"Made anew, each for {seconds:g} s, on a machine {others}: {names}."
        body = f"{_exchanged(former.strip(), measured)}\n\n{told}"
    else:
        machine = f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
        body = f"Each for {seconds:g} s, on {machine}, {others}.\n\n{table(measured)}"
    page.write_text(f"{head}{MARK}\n\n{body}\n", encoding="utf-8")


ROW = "| `"


def _exchanged(former: str, measured: list[Measured]) -> str:
    """Return a page's lines with the rows of what was measured anew in place of their former."""
    rows = {f"{ROW}{one.attack.name}`": one.row() for one in measured}
    lines = former.splitlines()
    return "\n".join(
        next((row for name, row in rows.items() if line.startswith(name)), line) for line in lines
    )


if __name__ == "__main__":
    sys.exit(main())
