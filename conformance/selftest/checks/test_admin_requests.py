"""Keys that are made and revoked by requests of a target's own form."""

from __future__ import annotations

import json
import re
import secrets
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from conformance.forge.filling import with_filled_in
from conformance.profile import reading
from conformance.selftest.judging import ADMIN, PROFILE, judge
from conformance.selftest.targets import Good, serving

if TYPE_CHECKING:
    from pathlib import Path

REST = """
[routes]
create_key = { path = "/orgs/{tenant}/keys", body = { label = "for {tenant}" } }
revoke_key = { method = "DELETE", path = "/orgs/{tenant}/keys/{key_id}" }
[fields.admin]
key = "data.secret"
key_id = "data.number"
[admin]
token = { env = "KEY_ADMIN" }
[tenants.spare]
id = "tenant/spare"
key = { env = "KEY_SPARE" }
"""
COLLECTION, MEMBER = "/orgs/tenant%2Fspare/keys", re.compile(r"/orgs/tenant%2Fspare/keys/(\d+)")


class Keeps(Good):
    """Makes keys and ends them, as REST has it."""

    made: ClassVar[dict[str, str]] = {}
    is_forgetful: ClassVar[bool] = False

    def tenant(self) -> str | None:
        """Know keys that were made, too."""
        presented = self.headers.get_all("X-Api-Key") or []
        is_made = len(presented) == 1 and presented[0] in self.made.values()
        return "tenant/spare" if is_made else super().tenant()

    def answer(self) -> None:
        """Serve the administrator, and everybody else as usual."""
        if not self.path.startswith("/orgs/"):
            super().answer()
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("X-Admin-Token") != ADMIN:
            self.refuse()
        elif self.command == "POST" and self.path == COLLECTION:
            self.make(json.loads(body))
        elif self.command == "DELETE" and (named := MEMBER.fullmatch(self.path)) and not body:
            self.end(named[1])
        else:
            self.reply(404, {"error": "not found"})

    def make(self, told: dict[str, Any]) -> None:
        """Make a key; only what is said of it as it should be is taken."""
        if told != {"label": "for tenant/spare"}:
            self.reply(422, {"error": "label"})
            return
        number = len(self.made) + 1
        self.made[str(number)] = secrets.token_urlsafe(32)
        self.reply(201, {"data": {"number": number, "secret": self.made[str(number)]}})

    def end(self, number: str) -> None:
        """End a key, at once or in a while."""
        if not self.is_forgetful:
            self.made[number] = ""
        self.send_response(204)
        self.end_headers()

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = answer


class GoesOnBelieving(Keeps):
    """Believes a key that it knew a moment ago."""

    made: ClassVar[dict[str, str]] = {}
    is_forgetful = True


@pytest.mark.parametrize(("kind", "verdict"), [(Keeps, "not assessed"), (GoesOnBelieving, "fail")])
def test_a_key_that_outlives_its_deletion_is_found(
    tmp_path: Path, kind: type[Keeps], verdict: str
) -> None:
    """Of the good one the workers stay unseen, so that all of the requirement is."""
    with serving(kind) as url:
        words = (f"--target={url}", "--requirement=ROT-09")
        found = judge(tmp_path, *words, profile=PROFILE + REST)
    assert found.verdicts == {"ROT-09": verdict}, found.output
    assert ("" in kind.made.values()) is not kind.is_forgetful


def test_keys_that_no_rotation_made_are_looked_at(tmp_path: Path) -> None:
    with serving(Keeps) as url:
        words = (f"--target={url}", "--requirement=AUTH-15")
        found = judge(tmp_path, *words, profile=PROFILE + REST)
    assert found.verdicts == {"AUTH-15": "pass"}, found.output


def test_what_stands_in_braces_is_filled_in_wherever_it_is() -> None:
    filled = {"tenant": "a", "key_id": "7"}
    value = {"org": "{tenant}", "keys": [{"id": "{key_id}"}, 3, None], "{tenant}": "{other}"}
    wanted = {"org": "a", "keys": [{"id": "7"}, 3, None], "{tenant}": "{other}"}
    assert with_filled_in(value, filled) == wanted


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ('revoke_key = { method = "DELETE", path = "/keys" }', "revoke_key: does not say which"),
        ('revoke_key = { path = "/keys", body = {} }', "revoke_key: does not say which"),
        ('revoke_key = { path = "/keys/{id}" }', "{id} is not filled in; write {tenant}"),
        ('create_key = "keys"', "'keys' is no path; write one that begins with /"),
        ('create_key = { method = "GET", path = "/" }', "routes.create_key.method: "),
        ('create_key = { url = "/" }', "unknown key 'url'; known here: body, method, path"),
    ],
)
def test_a_mistake_in_a_request_is_named_with_its_line(
    tmp_path: Path, entry: str, told: str
) -> None:
    path = tmp_path / "p.toml"
    path.write_text(f'[target]\nurl = "http://x/"\n[routes]\n{entry}\n', encoding="utf-8")
    with pytest.raises(reading.ProfileError) as error:
        reading.load(path)
    assert "p.toml:4: routes." in str(error.value)
    assert told in str(error.value)


def test_a_path_alone_is_posted_to(tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    text = '[target]\nurl = "http://x/"\n[routes]\nrevoke_key = "/revoke"\n'
    path.write_text(text, encoding="utf-8")
    found = reading.load(path).routes.revoke_key
    assert found is not None
    assert (found.method, found.path, found.has_own_body) == ("POST", "/revoke", False)
