"""One bench: a host that serves mutants and a judge of them, which share nothing but the socket."""

from __future__ import annotations

import json
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from reference_server.mutants.bench.cases import HEALTHY
from reference_server.mutants.bench.program import END_SECONDS, Program, ProgramEndedError

if TYPE_CHECKING:
    from types import TracebackType

    from reference_server.mutants.bench.cases import Case

LONGEST_SECONDS = 600.0
READY_SECONDS = 30.0
LAST_LINES = 12
"""How much is told of what a run printed that wrote no whole record."""


@dataclass
class Judgement:
    """What was found of each requirement, or nothing and why; and the CPU seconds it took."""

    findings: list[dict[str, Any]]
    error: str = ""
    cpu: float = 0.0


class Bench:
    """Judges one case after another; a context manager that ends both programs.

    Each is started again for the next case where it has ended.
    """

    def __init__(self) -> None:
        self._host = Program("reference_server.mutants.bench.host")
        self._judge = Program("conformance.run.warm")
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._stack.enter_context(self._host)
        self._stack.enter_context(self._judge)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()

    def judge(self, case: Case) -> Judgement:
        """Serve what the case names, and judge it."""
        with tempfile.TemporaryDirectory(prefix="hallmark-matrix-") as name:
            folder = Path(name)
            try:
                return self._judged(case, folder)
            except ProgramEndedError as error:
                return Judgement([], str(error))

    def _judged(self, case: Case, folder: Path) -> Judgement:
        words = ["conformance", "-q", "--record-alone", f"--report={folder}"]
        words.append(f"--requirement={','.join(case.judged)}")
        if case.without:
            words.append(f"--without={','.join(case.without)}")
        if case.profile is not None:
            words.append(f"--profile={case.profile}")
        if case.is_cold:
            return self._run([*words, f"--mutant={case.name}"], folder)
        state = folder / "state.json"
        if error := self._serve(case, state, folder / "server"):
            self._host.ask(END_SECONDS, end=True)
            return Judgement([], f"the server did not start: {error}")
        judgement = self._run([*words, f"--state={state}"], folder)
        spent = self._host.ask(END_SECONDS, end=True)
        judgement.cpu += spent["cpu"] + spent["database"]
        return judgement

    def _serve(self, case: Case, state: Path, output: Path) -> str:
        answer = self._host.ask(
            READY_SECONDS + END_SECONDS,
            serve=case.name if case is not HEALTHY else "healthy",
            state=str(state),
            output=str(output),
            drill=case.has_drill,
            valkey=case.has_workers,
            seconds=READY_SECONDS,
        )
        return answer["error"]

    def _run(self, words: list[str], folder: Path) -> Judgement:
        """Return what a run of the judge has found."""
        output, record = folder / "output", folder / "run.jsonl"
        limit = LONGEST_SECONDS
        told = self._judge.ask(limit + END_SECONDS, words=words, output=str(output), seconds=limit)
        if told["code"] is None:
            return Judgement([], f"not judged within {limit:.0f} s", told["cpu"])
        lines: list[dict[str, Any]] = []
        if record.exists():
            lines = [json.loads(line) for line in record.read_text("utf-8").splitlines()]
        if not lines or lines[-1]["kind"] != "footer":
            said = output.read_text("utf-8", "replace").strip().splitlines()[-LAST_LINES:]
            words = [f"cut short with exit code {told['code']}", *said]
            return Judgement([], " / ".join(words), told["cpu"])
        found = [line for line in lines if line["kind"] == "finding"]
        return Judgement(found, cpu=told["cpu"])
