"""What a run sends: counted while it judges, and told beforehand by ``--dry-run``.

How much a check sends depends on what it is answered, so nobody can know before. What is told is
what the reference server, which passes everything, was sent: ``catalogue/traffic.json``, which
``python -m conformance refresh`` brings up to date from the record of a run.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.model.sent import ELSEWHERE, ENDPOINT, Sent
from conformance.run.options import SOAKED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from conformance.profile.target import Target
    from conformance.run.judgeable import Prospect
    from conformance.run.options import Options

MEASURED = Path(__file__).parents[1] / "catalogue" / "traffic.json"


def measured() -> dict[str, Counter[Sent]]:
    """Return what the reference server was sent, by requirement."""
    document: dict[str, dict[str, int]] = json.loads(MEASURED.read_text(encoding="utf-8"))
    return {
        name: Counter({Sent.parse(text): count for text, count in sent.items()})
        for name, sent in document.items()
    }


def told(target: Target, options: Options, prospects: Iterable[Prospect]) -> str:
    """Return what ``--dry-run`` prints: for each requirement, what would be sent, and the sums."""
    return "\n".join(_lines(target, options, list(prospects))) + "\n"


def _lines(target: Target, options: Options, prospects: list[Prospect]) -> Iterator[str]:
    known, total = measured(), Counter[Sent]()
    yield f"Nothing was sent. To {target.url} a run sends about what the reference server was sent:"
    yield ""
    for one in prospects:
        if one.is_begun:
            sent = _there(target, known.get(one.requirement.id, Counter[Sent]()))
            total += sent
            alone = "  (exhausts limits or moves the clock)" if one.requirement.alone else ""
            most = "at most " if one.lacking else ""
            yield f"{one.requirement.id:<9}{most}{_sum(target, sent) or 'nothing over HTTP'}{alone}"
    unjudged = sum(not one.is_begun for one in prospects)
    yield ""
    yield f"in all   {_sum(target, total) or 'nothing over HTTP'}"
    yield f"tools    {', '.join(_tools(target)) or 'none'}: no other is called"
    if options.soak:
        yield f"soak     {SOAKED} goes on for {options.soak:g} min, below the tenants' limits"
    if unjudged:
        yield f"besides  {unjudged} requirements lack what --check-profile tells, and send nothing"
    if not target.is_loopback and not options.is_intrusive:
        yield "limits   nothing is exhausted and no address blocked without --intrusive"


def _there(target: Target, sent: Counter[Sent]) -> Counter[Sent]:
    """Return what goes to routes that the target has."""
    routes = target.routes.paths().keys() | {ENDPOINT, ELSEWHERE}
    return Counter({kind: count for kind, count in sent.items() if kind.route in routes})


def _sum(target: Target, sent: Mapping[Sent, int]) -> str:
    ordered = sorted(sent.items(), key=lambda pair: -pair[1])
    return " · ".join(f"{count} {_words(target, kind)}" for kind, count in ordered)


def _words(target: Target, kind: Sent) -> str:
    named = {**target.routes.paths(), ENDPOINT: "the endpoint", ELSEWHERE: "other paths"}
    where = named.get(kind.route, kind.route)
    return f"{kind.method} {where}{' without a right credential' if kind.fails else ''}"


def _tools(target: Target) -> list[str]:
    tools = target.tools
    objects = (tools.validated, tools.failing, *tools.by_id, *tools.asking, tools.task)
    objects += (tools.change, *tools.telling, *tools.fetching)
    objects += (*tools.downstream, *tools.echoing, tools.environment)
    named = [tools.ping, tools.tenant_data, *(one.name for one in objects if one)]
    return list(dict.fromkeys(name for name in named if name))
