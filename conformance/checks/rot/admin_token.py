"""ROT, continued: the operator's own secret."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from conformance.forge.keys import random_key
from conformance.profile.target import supplied
from conformance.requirement import requirement
from conformance.verdicts import NotAssessedError, establish

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.channels.http.admin import Administrator
    from conformance.channels.programs.launch import Launcher
    from conformance.profile.target import Target


@requirement("ROT-10")
def test_the_admin_token_is_a_secret_of_its_own(
    administrator: Administrator, launcher: Launcher, target: Target
) -> None:
    """In this process that secret alone was exchanged: what opens the door must have changed."""
    secret, token = launcher.channel.admin_token_secret, random_key()
    if not secret:
        raise NotAssessedError("supply the profile's channels.launch.admin_token_secret")

    def exchange(folder: Path) -> None:
        (folder / secret).write_text(token, "utf-8")

    with launcher.start(exchange) as process:
        establish(process.settle() is None, f"the server starts: {process.output()[-300:]}")
        line = administrator.wire.at(process.url(administrator.wire.path))
        former = supplied(target.admin).token
        answers = {
            "the token of its secret": line.post_admin(administrator.route, b"{}", token),
            "the former token": line.post_admin(administrator.route, b"{}", former),
        }
    assert answers["the token of its secret"].status != HTTPStatus.UNAUTHORIZED, (
        f"the admin token in its secret's file was answered {answers['the token of its secret']}"
    )
    assert answers["the former token"].status == HTTPStatus.UNAUTHORIZED, (
        f"the admin token that was replaced was answered {answers['the former token']}"
    )
