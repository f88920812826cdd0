"""Delivery to tools is judged on gateways that share nothing with the reference server."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from conformance.selftest import gateways
from conformance.selftest.judging import PROFILE, judge
from conformance.selftest.targets import serving
from conformance.selftest.world.test_downstream import CONTROL
from conformance.selftest.world.test_downstream import serving as serving_the_api

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.selftest.judging import Judged
    from conformance.selftest.targets import Good

DOWNSTREAM = """
[world.downstream]
url = "{url}"
control = {{ file = "control" }}
[tools.downstream]
name = "open_issue"
arguments = {{ title = "{{unique}}" }}
refused_arguments = {{ title = "{{unique}}", is_wrong = true }}
credential = "GITHUB_TOKEN"
"""
ENVIRONMENT = """
[tools.environment]
name = "inspect"
name_field = "variable"
digest_field = "hash"
[delivery]
custom_list = false
[[delivery.host]]
name = "GATEWAY_WORD"
value = { file = "GATEWAY_WORD" }
"""


def credentials(folder: Path) -> str:
    """Write the tenants' credentials into files, and return the profile's tables of them."""
    lines = list[str]()
    for tenant, owned in gateways.OWNED.items():
        for name, value in owned.items():
            path = folder / f"{tenant}-{name}"
            path.write_text(value, encoding="utf-8")
            lines.append(f"[[tenants.{tenant[-1]}.credentials]]")
            lines += [f"name = {json.dumps(name)}", f'value = {{ file = "{path.name}" }}']
    return "\n".join(lines) + "\n"


def judged(folder: Path, handler: type[Good], more: str) -> Judged:
    """Judge a gateway by all that can be seen of it."""
    (folder / "control").write_text(CONTROL, encoding="utf-8")
    for name, value in gateways.HOST.items():
        (folder / name).write_text(value, encoding="utf-8")
    with serving(handler) as url:
        profile = PROFILE + credentials(folder) + more
        return judge(folder, f"--target={url}", "--area=MILE", profile=profile)


def failed(found: Judged) -> set[str]:
    return {name for name, verdict in found.verdicts.items() if verdict == "fail"}


@pytest.mark.parametrize(
    ("handler", "fails"),
    [
        (gateways.CallsItself, ""),
        (gateways.PassesItsCallersKeyOn, "MILE-09"),
        (gateways.CallsWhereItIsTold, "MILE-08"),
        (gateways.QuotesTheService, "MILE-06"),
    ],
)
def test_a_gateway_that_calls_services_itself(
    tmp_path: Path,
    handler: type[gateways.CallsItself],
    fails: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serving_the_api() as api:
        monkeypatch.setattr(gateways.CallsItself, "api", api)
        found = judged(tmp_path, handler, DOWNSTREAM.format(url=api))
    assert failed(found) == set(fails.split()), found.output
    left = {"MILE-06", "MILE-08", "MILE-09"} - failed(found)
    assert "inconclusive" not in {found.verdicts[name] for name in left}, found.output
    assert found.verdicts["MILE-04"] == "not assessed"
    assert failed(found) or found.verdicts["MILE-08"] == "pass", found.output


@pytest.mark.parametrize(
    ("handler", "fails"),
    [
        (gateways.Starts, ""),
        (gateways.StartsWithItsOwn, "MILE-04"),
        (gateways.StartsForTheFirst, "MILE-01 MILE-04"),
        (gateways.StartsInUpperCase, "MILE-03"),
    ],
)
def test_a_gateway_that_starts_processes(
    tmp_path: Path, handler: type[gateways.Starts], fails: str
) -> None:
    gateways.StartsForTheFirst.first.clear()
    found = judged(tmp_path, handler, ENVIRONMENT)
    assert failed(found) == set(fails.split()), found.output
    assert fails or found.verdicts["MILE-04"] == "pass", found.output


def test_without_the_judges_api_it_is_named_as_what_is_missing(tmp_path: Path) -> None:
    found = judged(tmp_path, gateways.CallsItself, "")
    (line,) = [one for one in found.lines if one.get("id") == "MILE-08"]
    assert line["verdict"] == "not assessed"
    assert "[world.downstream]" in str(line["reason"])
