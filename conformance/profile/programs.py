"""The profile's entries of programs that the judge starts: more processes of the target."""

from __future__ import annotations

from pydantic import Field, field_validator

from conformance.profile.sections import Secret, Section


class Launch(Section):
    """How to start one more process of the target; ``{secrets}`` and ``{port}`` are filled in.

    ``signing_secrets`` are those that sign, each of which needs 32 characters. ``strict_modes``
    are the words that have secret files open to others refused, ``several_workers`` those that
    start more than one worker process. ``unusable_databases`` are commands that must not serve,
    by what is wrong with the database each of them names. ``optional_mode`` are the words by which
    a caller without a credential is anonymous, ``disabled_mode`` those by which nobody needs one,
    and ``test_setting`` those without which that is refused.
    """

    command: tuple[str, ...]
    secrets_dir: str
    required_secrets: tuple[str, ...]
    signing_secrets: tuple[str, ...] = ()
    admin_token_secret: str | None = None
    strict_modes: tuple[str, ...] = ()
    several_workers: tuple[str, ...] = ()
    unusable_databases: dict[str, tuple[str, ...]] = Field(
        default_factory=dict[str, tuple[str, ...]]
    )
    optional_mode: tuple[str, ...] = ()
    disabled_mode: tuple[str, ...] = ()
    test_setting: tuple[str, ...] = ()
    health: str = "/health"


class Pool(Section):
    """One more process of the target, which reaches its database by way of the judge's tap.

    In ``command``, ``{tap}`` is the tap's HOST:PORT, which stands for the database of
    [channels.app_sql] dsn and speaks no TLS; ``{port}`` is where the process serves, ``{secrets}``
    a copy of ``secrets_dir``. ``tap`` names the HOST:PORT for a server that cannot be told another.
    """

    command: tuple[str, ...]
    secrets_dir: str = ""
    tap: str = "127.0.0.1:0"
    health: str = "/health"

    @field_validator("tap")
    @classmethod
    def _has_a_port(cls, tap: str) -> str:
        host, _, port = tap.rpartition(":")
        if not host or not port.isdecimal():
            raise ValueError(f"{tap!r} is no address; write HOST:PORT, such as 127.0.0.1:6432")
        return tap


class Migration(Section):
    """A migration that must fail, on a database that only serves for that.

    ``failing`` is the command that migrates. What follows ``restore_marker`` in what it writes, to
    the end of the line or in the next one, is the command that restores. ``owner`` may empty
    ``table``, which has rows, and ``reader`` sees them all.
    """

    failing: tuple[str, ...]
    owner: Secret
    reader: Secret
    table: str
    restore_marker: str = "Restore with:"
