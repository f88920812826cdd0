"""Defects of what is taken for a probe: paths, their spellings, and when they are looked at."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from flask import request

from reference_server.mutants.bending import mutant, replaced, with_stage
from reference_server.parts import with_parts
from reference_server.scanner.paths import ProbePaths
from reference_server.scanner.tables import EXTENSIONS, PATHS
from reference_server.wiring import OWN_PATHS

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Response

    from reference_server.context import RequestContext
    from reference_server.mutants.bending import Stage
    from reference_server.parts import Parts

STAGE = "triage_scanner"


def _paths(
    paths: tuple[str, ...] = PATHS, extensions: tuple[str, ...] = EXTENSIONS
) -> Callable[[Parts], Parts]:
    table = ProbePaths(paths, extensions, OWN_PATHS)
    return replaced({"scanner.paths": lambda _: table})


def _without(table: tuple[str, ...], entry: str) -> tuple[str, ...]:
    left = tuple(one for one in table if one != entry)
    if len(left) == len(table):
        raise LookupError(entry)
    return left


class _Naive:
    """Compares a path as it comes with the tables: no spelling but the usual one."""

    def refuses(self, path: str) -> bool:
        if path in OWN_PATHS:
            return False
        plain = self.read(path)
        if any(piece in plain for piece in PATHS):
            return True
        return any(
            ending in EXTENSIONS
            for name in self.names(plain)
            for ending in name.split(".")[1:][-1:]
        )

    def read(self, path: str) -> str:
        return path.lower()

    def names(self, path: str) -> list[str]:
        return path.split("/")


class _CaseSensitive(_Naive):
    def read(self, path: str) -> str:
        return re.sub(r"/+", "/", re.sub(r";[^/]*", "", path.replace("\\", "/")))


class _LastOnly(_Naive):
    """Looks at the very end of a path, as a library's function for suffixes does."""

    def names(self, path: str) -> list[str]:
        return [path.rpartition("/")[2]]


class _Slashes(ProbePaths):
    """Knows nothing of backslashes."""

    def refuses(self, path: str) -> bool:
        return "\\" not in path and super().refuses(path)


class _Parameters(ProbePaths):
    """Takes a parameter for a part of the name."""

    def refuses(self, path: str) -> bool:
        return super().refuses(path.replace(";", "-"))


class _DecodedOnce(ProbePaths):
    """Believes that HTTP has decoded all there is to decode."""

    def refuses(self, path: str) -> bool:
        return "%" not in path and super().refuses(path)


def _only(asks: Callable[[RequestContext], bool]) -> Callable[[Stage], Stage]:
    def around(stage: Stage) -> Stage:
        def bent(context: RequestContext, parts: Parts) -> Response | None:
            return stage(context, parts) if asks(context) else None

        return bent

    return around


def _raw(stage: Stage) -> Stage:
    """Show the stage the path as it stood in the request's line."""

    def bent(context: RequestContext, parts: Parts) -> Response | None:
        raw: bytes = request.environ["asgi.scope"]["raw_path"]
        table = replaced({"scanner.paths": lambda _: _Naive()})(parts)
        told = replace(context, path=raw.decode("latin-1"), events=context.events)
        return stage(told, table)

    return bent


def _moved_to(place: int) -> Callable[[Parts], Parts]:
    def bend(parts: Parts) -> Parts:
        stages = [stage for stage in parts.web.pipeline if stage.__name__ != STAGE]
        (triage,) = (stage for stage in parts.web.pipeline if stage.__name__ == STAGE)
        stages.insert(place, triage)
        return with_parts(parts, {"web.pipeline": tuple(stages)})

    return bend


MUTANTS = (
    mutant(
        "scanners-welcome",
        "SCAN-01 SCAN-02",
        "Triage is turned off.",
        parts=replaced({"scanner.is_on": lambda _: False}),
    ),
    mutant(
        "extensions-untabled",
        "SCAN-01",
        "No extension gives a probe away.",
        parts=_paths(extensions=()),
    ),
    mutant(
        "one-extension-less",
        "SCAN-01",
        "The table of extensions lacks bak.",
        parts=_paths(extensions=_without(EXTENSIONS, "bak")),
    ),
    mutant("paths-untabled", "SCAN-01", "No path gives a probe away.", parts=_paths(paths=())),
    mutant(
        "one-path-less",
        "SCAN-01",
        "The table of paths lacks /luci.",
        parts=_paths(paths=_without(PATHS, "/luci")),
    ),
    mutant(
        "admin-spared",
        "SCAN-01",
        "Since the server has routes below /admin, the table of paths lacks it.",
        parts=_paths(paths=_without(PATHS, "/admin")),
    ),
    mutant(
        "probes-by-raw-path",
        "SCAN-01",
        "The path is compared as it stands in the request's line, encoded.",
        parts=with_stage(STAGE, _raw),
    ),
    mutant(
        "probes-decoded-once",
        "SCAN-01",
        "A path that is still encoded once it was decoded passes.",
        parts=replaced({"scanner.paths": lambda _: _DecodedOnce(own=OWN_PATHS)}),
    ),
    mutant(
        "probes-by-case",
        "SCAN-01",
        "A path in capital letters is no probe.",
        parts=replaced({"scanner.paths": lambda _: _CaseSensitive()}),
    ),
    mutant(
        "probes-by-last-name",
        "SCAN-01",
        "Only the last name of a path has an extension.",
        parts=replaced({"scanner.paths": lambda _: _LastOnly()}),
    ),
    mutant(
        "probes-by-backslash",
        "SCAN-01",
        "A backslash separates nothing.",
        parts=replaced({"scanner.paths": lambda _: _Slashes(own=OWN_PATHS)}),
    ),
    mutant(
        "probes-with-parameters",
        "SCAN-01",
        "What follows a semicolon belongs to the name.",
        parts=replaced({"scanner.paths": lambda _: _Parameters(own=OWN_PATHS)}),
    ),
    mutant(
        "probes-by-get",
        "SCAN-01 SCAN-02",
        "Triage looks at GET alone.",
        parts=with_stage(STAGE, _only(lambda context: context.method == "GET")),
    ),
    mutant(
        "probes-of-strangers",
        "SCAN-01 SCAN-02",
        "Whoever shows a key is not looked at.",
        parts=with_stage(
            STAGE,
            _only(lambda context: all(name.lower() != "x-api-key" for name, _ in context.headers)),
        ),
    ),
    mutant(
        "triage-after-keys",
        "SCAN-01",
        "Triage comes after authentication, so that each probe costs a query.",
        parts=_moved_to(-2),
    ),
)
