"""What a log and a trail tell of a refusal by triage, read by the names that the profile gives."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from conformance.channels.log import FLUSH_SECONDS, as_object
from conformance.checks.scan._common import Script, is_refusal, key_for_calls
from conformance.forge import guise
from conformance.forge.requests import Request
from conformance.forge.scanners import CERTAIN, TOOL
from conformance.profile.fields import found_at
from conformance.profile.target import supplied
from conformance.verdicts import NotApplicableError, NotEstablishedError, establish
from conformance.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.channels.http.answer import Answer
    from conformance.channels.http.wire import Wire
    from conformance.channels.log import LogStream
    from conformance.channels.source import Mark
    from conformance.channels.trail.row import AuditRow
    from conformance.manners.addresses import AddressPool
    from conformance.profile.scanner import Scanner
    from conformance.profile.target import Target


@dataclass(frozen=True)
class Denial:
    """A request that triage refused: by which signal, and what it sent by which it is found."""

    signal: str
    sign: str
    path: str
    agent: str
    answer: Answer


def denials(wire: Wire, addresses: AddressPool, target: Target) -> list[Denial]:
    """Return a refusal by each signal, each from its own address; by pace where that is declared.

    Path and agent come with a right key, which no event may hold.
    """
    scanner, key = supplied(target.scanner), key_for_calls(target)
    probe = next((path for path in CERTAIN if path not in scanner.own_paths), None)
    if probe is None:
        raise NotApplicableError("the profile says that the target has all such paths itself")
    own = guise.current().agent
    asked = [("path", f"/{_sign()}{probe}", own), ("agent", f"/{_sign()}", f"{TOOL} {_sign()}")]
    found: list[Denial] = []
    for signal, path, agent in asked:
        line = wire.derived(address=addresses.fresh())
        answer = line.send(Request("GET", path, (("User-Agent", agent),)), key=key)
        found.append(Denial(signal, path.split("/")[1], path, agent, answer))
    if scanner.requests and addresses.is_usable:
        script, path = Script(wire, addresses, target), f"/{_sign()}"
        script.spend()
        found.append(Denial("velocity", path[1:], path, own, script.beyond(path)))
    for one in found:
        establish(is_refusal(one.answer, scanner), f"a scanner is refused (got {one.answer})")
    return found


def _sign() -> str:
    return secrets.token_hex(8)


def of_a_row(row: AuditRow) -> dict[str, Any]:
    """Return what a row tells, by the names of its columns and of what its metadata holds."""
    return {**row.columns, **row.metadata}


def lines_of(denial: Denial, log: LogStream, mark: Mark, scanner: Scanner) -> list[dict[str, Any]]:
    """Return the lines that tell of a denial, waiting a bounded time for one.

    They hold its sign, and tell which check fired. Raises NotEstablishedError where nothing at all
    is logged of the request: then it may be another log that tells of it.
    """
    seen: list[dict[str, Any]] = []
    place = scanner.told.place("check")

    def look() -> bool:
        lines = [line for line in log.since(mark).splitlines() if denial.sign in line]
        entries = log.entries(lines) if log.names.pattern else list(map(as_object, lines))
        seen[:] = [entry for entry in entries if entry is not None]
        return any(map(is_event, seen))

    def is_event(entry: Mapping[str, Any]) -> bool:
        return place is None or found_at(entry, place) is not None

    wait_for(look, FLUSH_SECONDS, log.pause)
    establish(seen, f"the log has a line that can be read of the request for {denial.path}")
    return [entry for entry in seen if is_event(entry)]


def require_words(told: Mapping[str, Any], denial: Denial, scanner: Scanner) -> None:
    """Raise NotEstablishedError where the event's word for a signal is none that is declared."""
    place = scanner.told.place("check")
    word = found_at(told, place) if place else None
    if isinstance(word, str) and word not in scanner.signals.known():
        raise NotEstablishedError(
            f"could not establish what {word!r} means, by which a refusal for its {denial.signal} "
            "is told: declare [scanner.signals]"
        )


def shortcomings(told: Mapping[str, Any], denial: Denial, scanner: Scanner) -> list[str]:
    """Return what an event does not tell as it should, in words; nothing where it does.

    Raises NotEstablishedError where a field may only be called otherwise.
    """
    wanted = {"path": denial.path, "agent": denial.agent}
    found = {field: found_at(told, place) for field, place in scanner.told.places().items()}
    lacking = [field for field, value in found.items() if value is None]
    unsure = [field for field in lacking if not scanner.told.is_declared(field)]
    if unsure:
        raise NotEstablishedError(
            f"could not establish what the event calls {', '.join(unsure)}: it has "
            f"{', '.join(told)}; declare [scanner.told] {', '.join(unsure)}"
        )
    wrong = [f"no {field}" for field in lacking]
    wrong += [
        f"{field} = {found[field]!r}"
        for field, value in wanted.items()
        if found.get(field) is not None and value not in str(found[field])
    ]
    if (word := found.get("check")) is not None and word not in scanner.signals.words(
        denial.signal
    ):
        wrong.append(f"check = {word!r}")
    least = scanner.requests if denial.signal == "velocity" and scanner.requests else 0
    pace = found.get("velocity")
    if pace is not None and not (_is_number(pace) and float(pace) >= least):
        wrong.append(f"velocity = {pace!r}")
    return wrong


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return not isinstance(value, bool)


def text_of(told: Mapping[str, Any]) -> str:
    """Return all that an event holds, as text."""
    return json.dumps(told, default=str)
