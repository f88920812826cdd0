"""ROT on servers whose keys are made and revoked, and never rotated: whom the door lets in."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar, cast

import pytest

from conformance.forge.filling import places_of, with_put
from conformance.selftest.checks.test_admin_requests import MEMBER, REST, Keeps
from conformance.selftest.judging import ADMIN, PROFILE, judge
from conformance.selftest.targets import serving

if TYPE_CHECKING:
    from pathlib import Path

TOLD = REST.replace('{ label = "for {tenant}" }', '{ org = { id = "{tenant}" }, label = "ours" }')


class Looks(Keeps):
    """Looks at the token by a rule of its own."""

    made: ClassVar[dict[str, str]] = {}

    def admits(self, token: str | None) -> bool:
        """Compare the whole."""
        return token == ADMIN

    def answer(self) -> None:
        """Hand on whom the rule admits as one with the right token."""
        if self.path.startswith("/orgs/") and self.admits(self.headers.get("X-Admin-Token")):
            del self.headers["X-Admin-Token"]
            self.headers["X-Admin-Token"] = ADMIN
        super().answer()

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = answer


class TakesABeginning(Looks):
    """Takes whatever the token begins with."""

    made: ClassVar[dict[str, str]] = {}

    def admits(self, token: str | None) -> bool:
        """Compare as far as it goes."""
        return bool(token) and ADMIN.startswith(token or "-")


class ForgetsDeletions(Looks):
    """Asks for no token where a key is ended."""

    made: ClassVar[dict[str, str]] = {}

    def admits(self, token: str | None) -> bool:
        """Look at the method first."""
        return self.command == "DELETE" or super().admits(token)


class EndsFirst(Looks):
    """Ends the key, and then looks at the token."""

    made: ClassVar[dict[str, str]] = {}

    def admits(self, token: str | None) -> bool:
        """Do it, whatever the token."""
        if named := MEMBER.fullmatch(self.path):
            self.made[named[1]] = ""
        return super().admits(token)


class EndsAll(Looks):
    """Ends every key that was made."""

    made: ClassVar[dict[str, str]] = {}

    def end(self, number: str) -> None:
        """Mistake one for all."""
        for one in self.made:
            self.made[one] = ""
        super().end(number)


class Validates(Looks):
    """Says which field is wrong."""

    made: ClassVar[dict[str, str]] = {}
    is_lenient: ClassVar[bool] = False

    def make(self, told: Any) -> None:
        """Look at the organisation."""
        org = cast("dict[str, Any]", told).get("org") if isinstance(told, dict) else None
        if org != {"id": "tenant/spare"} and not (self.is_lenient and org == {}):
            self.reply(422, {"error": "org.id"})
        else:
            super().make({"label": "for tenant/spare"})

    def answer(self) -> None:
        """Refuse what is not JSON."""
        try:
            super().answer()
        except json.JSONDecodeError:
            self.reply(400, {"error": "no JSON"})

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = answer


class TakesNobody(Validates):
    """Makes a key for nobody."""

    made: ClassVar[dict[str, str]] = {}
    is_lenient = True


@pytest.mark.parametrize(
    ("kind", "name", "profile", "verdict", "told"),
    [
        (Looks, "ROT-04", REST, "pass", ""),
        (TakesABeginning, "ROT-04", REST, "fail", "the making of a key (one character short)"),
        (ForgetsDeletions, "ROT-04", REST, "fail", "a revocation (no token) was answered 204"),
        (
            EndsFirst,
            "ROT-04",
            REST,
            "fail",
            "the key that they would revoke does not work",
        ),
        (EndsAll, "ROT-09", REST, "fail", "ended the key made before it and the key made after"),
        (Looks, "ROT-06", REST, "not assessed", "names a {tenant}"),
        (Validates, "ROT-06", TOLD, "pass", ""),
        (
            TakesNobody,
            "ROT-06",
            TOLD,
            "fail",
            "(no tenant in org.id) was answered 201",
        ),
    ],
)
def test_each_route_of_an_administrators_is_judged_without_the_others(
    tmp_path: Path, kind: type[Keeps], name: str, profile: str, verdict: str, told: str
) -> None:
    with serving(kind) as url:
        words = (f"--target={url}", f"--requirement={name}")
        found = judge(tmp_path, *words, profile=PROFILE + profile)
    assert found.verdicts == {name: verdict}, found.output
    assert told in str([line for line in found.lines if line.get("id") == name])


def test_what_nobody_looked_at_stands_in_the_evidence(tmp_path: Path) -> None:
    with serving(Looks) as url:
        words = (f"--target={url}", "--requirement=ROT-04")
        found = judge(tmp_path, *words, profile=PROFILE + REST)
    assert "not what else became of the tenant's keys" in str(found.lines)


@pytest.mark.parametrize(("kind", "left"), [(Looks, 0), (EndsAll, 0)])
def test_keys_that_were_made_to_be_looked_at_are_ended(
    tmp_path: Path, kind: type[Keeps], left: int
) -> None:
    kind.made.clear()
    with serving(kind) as url:
        judge(tmp_path, f"--target={url}", "--requirement=AUTH-15", profile=PROFILE + REST)
    assert len(kind.made) >= 16
    assert len([key for key in kind.made.values() if key]) == left


def test_what_stands_at_a_place_is_put_elsewhere_or_left_out() -> None:
    body = {
        "org": {"id": "{tenant}", "of": "not {tenant}"},
        "who": "{tenant}",
        "list": ["{tenant}"],
    }
    assert [*places_of(body, "tenant")] == [("org", "id"), ("who",)]
    assert with_put(body, ("org", "id"), 7)["org"] == {"id": 7, "of": "not {tenant}"}
    assert "who" not in with_put(body, ("who",), None)
    assert body["who"] == "{tenant}"
