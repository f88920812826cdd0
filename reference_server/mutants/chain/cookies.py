"""Defects of the cookie that a browser keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reference_server.mutants.bending import header, mutant, replaced, with_stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Response

    from reference_server.context import RequestContext
    from reference_server.mutants.bending import Stage
    from reference_server.mutants.benign.edge import App, Message, Receive, Scope, Send
    from reference_server.parts import Parts


def _cookie(was: str, becomes: str) -> Callable[[Parts], Parts]:
    """Return a change of parts that sets the cookie with another attribute."""

    def around(app: App) -> App:
        async def edge(scope: Scope, receive: Receive, send: Send) -> None:
            async def sent(message: Message) -> None:
                if message["type"] == "http.response.start":
                    fields = [
                        (name, value.replace(was.encode(), becomes.encode()))
                        if name.lower() == b"set-cookie"
                        else (name, value)
                        for name, value in message["headers"]
                    ]
                    message = {**message, "headers": fields}
                await send(message)

            await app(scope, receive, sent)

        return edge

    return replaced({"web.edge": lambda _: around})


def _unless(is_ours: Callable[[RequestContext], bool]) -> Callable[[Parts], Parts]:
    """Return a change of parts that refuses no request which a function takes for our own."""

    def around(stage: Stage) -> Stage:
        def bent(context: RequestContext, parts: Parts) -> Response | None:
            return None if is_ours(context) else stage(context, parts)

        return bent

    return with_stage("refuse_cross_site", around)


MUTANTS = (
    mutant(
        "cookie-for-scripts",
        "CHAIN-06",
        "Scripts can read the cookie of a session.",
        parts=_cookie("HttpOnly; ", ""),
    ),
    mutant(
        "cookie-in-clear",
        "CHAIN-06",
        "Browsers send the cookie of a session in clear, too.",
        parts=_cookie("Secure; ", ""),
    ),
    mutant(
        "cookie-for-every-site",
        "CHAIN-06",
        "The cookie is sent whichever site asks for it.",
        parts=_cookie("SameSite=Strict", "SameSite=None"),
    ),
    mutant(
        "other-sites-act-by-a-cookie",
        "CHAIN-06",
        "Nobody looks at which site has a browser ask.",
        parts=_unless(lambda _: True),
    ),
    mutant(
        "origin-null-is-ours",
        "CHAIN-06",
        "An origin that is `null` is taken for none.",
        parts=_unless(lambda context: header(context, "origin") == "null"),
    ),
    mutant(
        "only-what-browsers-tell-is-looked-at",
        "CHAIN-06",
        "Without Sec-Fetch-Site an origin is not looked at.",
        parts=_unless(lambda context: header(context, "sec-fetch-site") is None),
    ),
)
