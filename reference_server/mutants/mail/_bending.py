"""What bends mail: its parts, and with them the tool that sends it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from reference_server.mail.mailer import Mailer
from reference_server.mutants.bending import BentTool
from reference_server.parts import with_parts
from reference_server.tools.send_email import SendEmail

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reference_server.mail.contracts import Letter, MailParts, Sent
    from reference_server.parts import Parts
    from reference_server.tools.contracts import Caller

    Change = Callable[[Parts], Parts]
    Document = dict[str, Any]

NAME = "send_email"


def _with_mail(parts: Parts, mail: MailParts) -> Parts:
    tool = SendEmail(Mailer(mail, parts.trail))
    tools = [tool if one.name == NAME else one for one in parts.mcp.tools]
    return with_parts(parts, {"mail": mail, "mcp.tools": tuple(tools)})


def mailing(**changed: Callable[[MailParts], Any]) -> Change:
    """Return a change of parts: each part of mail becomes what its function makes."""

    def bend(parts: Parts) -> Parts:
        mail = parts.mail
        if mail is None:  # as where the server is started again, by itself
            return parts
        made = {name: one(mail) for name, one in changed.items()}
        return _with_mail(parts, replace(mail, **made))

    return bend


def composing(bend: Callable[[Document, Letter, Sent], Document]) -> Change:
    """Return a change of parts in which the provider's document is bent."""

    def make(mail: MailParts) -> Any:
        def compose(parts: MailParts, letter: Letter, sent: Sent) -> Document:
            return bend(mail.compose(parts, letter, sent), letter, sent)

        return compose

    return mailing(compose=make)


def taking(
    names: tuple[str, ...], bend: Callable[[Document, Mapping[str, Any]], Document]
) -> Change:
    """Return a change of parts in which the tool takes further arguments, as bend has them."""

    def change(parts: Parts) -> Parts:
        mail = parts.mail
        if mail is None:
            return parts
        schema = {**SendEmail(cast("Any", None)).input_schema, "additionalProperties": True}

        def act(arguments: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
            more = {name: arguments[name] for name in names if name in arguments}
            own = {name: one for name, one in arguments.items() if name not in names}

            def compose(told: MailParts, letter: Letter, sent: Sent) -> Document:
                return bend(mail.compose(told, letter, sent), more)

            bent = SendEmail(Mailer(replace(mail, compose=compose), parts.trail))
            return bent.run(own, caller)

        tools = [BentTool(one, act, schema) if one.name == NAME else one for one in parts.mcp.tools]
        return with_parts(parts, {"mcp.tools": tuple(tools)})

    return change
