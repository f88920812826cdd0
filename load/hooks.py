"""Ties the load test to Locust: options before, the target at the start, the gate at the end."""

from __future__ import annotations

import atexit
import sys
import time
from typing import TYPE_CHECKING, Any, NoReturn

import gevent
from locust import events
from locust.runners import MasterRunner, WorkerRunner

from conformance.model import Verdict
from load import gate
from load.ledger import Ledger
from load.setting import Setting, SettingError, open_setting
from load.users.caller import Caller, World
from load.users.pace import Pace
from load.users.seats import Seats

if TYPE_CHECKING:
    from locust.argument_parser import LocustArgumentParser
    from locust.env import Environment

    from load.invariants import Ruling

BAD_USAGE = 2
DEFAULTS = {
    "num_users": 8,
    "spawn_rate": 8.0,
    "run_time": "30s",
    "stop_timeout": 12.0,
    "only_summary": True,
}
MOST_REQUESTS = 20_000


class Run:
    """One run's hooks; ``register`` puts them in place."""

    def __init__(self) -> None:
        self.rulings: list[Ruling] = []
        self.world: World | None = None

    def register(self) -> None:
        """Listen to Locust's events."""
        hooks: dict[Any, Any] = {
            events.init_command_line_parser: self.add_options,
            events.init: self.open,
            events.test_start: self.begin,
            events.test_stopping: self.end,
            events.quitting: self.judge,
            events.quit: self.tell,
        }
        for event, listener in hooks.items():
            event.add_listener(listener)

    @staticmethod
    def add_options(parser: LocustArgumentParser, **_: object) -> None:
        """Add our options and bound the run by default. ``--profile`` is an option of Locust's."""
        group = parser.add_argument_group("hallmark", "invariants of a multi-tenant MCP server")
        group.add_argument(
            "--state",
            metavar="FILE",
            help="file that the { state = … } entries of --profile=FILE.toml refer to",
        )
        group.add_argument(
            "--most-requests",
            type=int,
            default=MOST_REQUESTS,
            metavar="N",
            help="stop after so many requests (default %(default)s)",
        )
        group.add_argument(
            "--accept-unassessed",
            action="store_true",
            help="exit with 0 although an invariant could not be assessed",
        )
        parser.set_defaults(**DEFAULTS)

    def open(self, environment: Environment, **_: object) -> None:
        """Open the setting, before any user is there. Exits with 2 and a sentence when it fails."""
        if isinstance(environment.runner, (MasterRunner, WorkerRunner)):
            _refuse("this load test runs in one process: leave out --master, --worker, --processes")
        options: Any = environment.parsed_options
        if options.most_requests < 1:
            _refuse(f"--most-requests={options.most_requests}: give 1 or more")
        try:
            setting = open_setting(environment.host, options.profile, options.state)
        except SettingError as error:
            _refuse(str(error))
        atexit.register(setting.close)  # also where Locust ends before it quits
        environment.host = setting.target.url
        self.world = Caller.world = _world(setting, environment, options.most_requests)

    def begin(self, **_: object) -> None:
        """Let users send."""
        if self.world is not None:
            self.world.stopping.clear()

    def end(self, **_: object) -> None:
        """Wake users that wait for their turn, so that they stop."""
        if self.world is not None:
            self.world.stopping.set()

    def judge(self, environment: Environment, **_: object) -> None:
        """Rule on the run and set the exit code; the target ends with it."""
        environment.process_exit_code = gate.BROKEN  # whatever goes wrong below is not green
        if self.world is None:
            return
        setting, ledger = self.world.setting, self.world.ledger
        try:
            if environment.runner is not None:
                environment.runner.quit()  # after a signal, users are still at work
            self.rulings = gate.assess(
                tuple(ledger.observations), setting.target, is_fresh=setting.started is not None
            )
            accepts = bool(getattr(environment.parsed_options, "accept_unassessed", False))
            environment.process_exit_code = gate.exit_code(self.rulings, accepts_unseen=accepts)
        finally:
            setting.close()

    def tell(self, exit_code: int, **_: object) -> None:
        """Print the outcome, after Locust's own tables."""
        if self.world is None:
            return
        setting, ledger = self.world.setting, self.world.ledger
        print(gate.table(ledger.observations, self.rulings, setting.target))  # noqa: T201
        if exit_code and all(one.verdict is not Verdict.FAIL for one in self.rulings):
            print("  nothing broken, not all seen: --accept-unassessed accepts that")  # noqa: T201


def _world(setting: Setting, environment: Environment, most: int) -> World:
    seats = Seats(setting.target)
    return World(
        setting=setting,
        ledger=Ledger(most, on_full=lambda: _stop_soon(environment)),
        seats=seats,
        pace=Pace(setting.target.limits, _reserved(setting, seats), time.monotonic),
    )


def _reserved(setting: Setting, seats: Seats) -> int:
    return setting.target.limits.address_requests * seats.reserved


def _stop_soon(environment: Environment) -> None:
    if environment.runner is not None:
        gevent.spawn(environment.runner.quit)


def _refuse(sentence: str) -> NoReturn:
    sys.stderr.write(f"load: {sentence}\n")
    sys.exit(BAD_USAGE)
