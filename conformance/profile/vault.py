"""The profile's ``[vault]``: how a tenant stores, uses and deletes a secret, and where it lies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from conformance.profile.fields import Needed, Place  # noqa: TC001 -- pydantic reads them
from conformance.profile.requests import DescribedRequest
from conformance.profile.sections import Reason, Section, with_a_path

if TYPE_CHECKING:
    from typing import Self


class VaultRequest(DescribedRequest):
    """A request that stores, uses or deletes a secret."""

    filled_in = ("secret", "reference", "unique")


class VaultAct(Section):
    """The call of a ``tool`` with ``arguments``, or a ``request``.

    In texts of either ``{secret}`` is the secret, ``{reference}`` what storing it has answered, and
    ``{unique}`` a word that was never used.
    """

    tool: Reason | None = None
    arguments: dict[str, Any] = Field(default_factory=dict[str, Any])
    request: Annotated[
        VaultRequest | None,
        BeforeValidator(with_a_path, json_schema_input_type=str | VaultRequest),
    ] = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.tool is None) is (self.request is None):
            raise ValueError("write tool, with its arguments, or request; one of the two")
        return self


class VaultStore(VaultAct):
    """What stores a secret, in the place of what was stored before; ``reference`` is a field."""

    reference: Needed = "credentialRef"


class VaultUse(VaultAct):
    """What has the secret used, for its tenant.

    What is used is seen in the ``value`` of the answer, a field; or in a ``digest``, the field of
    its SHA-256 in hex; or, without either, in what reaches the judge's API of [world.downstream],
    of which ``{unique}`` is a part.
    """

    value: Needed | None = None
    digest: Needed | None = None


class VaultTable(Section):
    """The table of secrets, as [channels.app_sql] sees it, and what its columns are called.

    Columns are of bytes, or of text in any usual encoding; ``a.b`` is what the JSON in column ``a``
    has under ``b``. One is false where it does not stand by itself. ``context`` are further columns
    that a row is opened by, such as the id of a key.
    """

    name: str
    ciphertext: Needed = "ciphertext"
    nonce: Place = "nonce"
    wrapped_key: Place = "wrapped_key"
    context: tuple[Needed, ...] = ()

    @property
    def places(self) -> dict[str, str]:
        """Where the parts of a secret stand that there are, by what they are."""
        told = {
            "ciphertext": self.ciphertext,
            "nonce": self.nonce,
            "wrapped key": self.wrapped_key,
            **{f"context {name}": name for name in self.context},
        }
        return {what: place for what, place in told.items() if place}


class VaultFiles(Section):
    """Secrets in files: ``words`` have one more process keep them in ``{folder}``.

    They follow the command of [channels.launch].
    """

    words: Annotated[tuple[Reason, ...], Field(min_length=1)]


class VaultRotation(Section):
    """The ``command`` that rotates key-encryption keys while the target runs.

    One that was broken off goes on when it is run again.
    """

    command: Annotated[tuple[Reason, ...], Field(min_length=1)]


class Vault(Section):
    """Secrets of tenants. The judge stores its own, under a name that nothing else uses."""

    store: VaultStore | None = None
    use: VaultUse | None = None
    delete: VaultAct | None = None
    table: VaultTable | None = None
    files: VaultFiles | None = None
    rotation: VaultRotation | None = None
