"""An authority of our own, and certificates that are right or wrong in one way each."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from pathlib import Path

LONG_AGO = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
PAST = dt.datetime(2021, 1, 1, tzinfo=dt.UTC)
FUTURE = dt.datetime(2099, 1, 1, tzinfo=dt.UTC)
KINDS = ("in order", "self-signed", "expired", "of another name")


@dataclass(frozen=True)
class Authority:
    """Issues certificates; whoever trusts ``file`` trusts them."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    folder: Path

    @classmethod
    def new(cls, folder: Path) -> Authority:
        """Return an authority whose files are kept in a folder."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name("an authority of the tests")
        made = (
            _described(name, name, key, until=FUTURE)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        authority = cls(key, made, folder)
        authority.file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        return authority

    @property
    def file(self) -> Path:
        """The authority's certificate."""
        return self.folder / "authority.pem"

    def context(self, kind: str) -> ssl.SSLContext:
        """Return what a server on 127.0.0.1 serves with, of one of the ``KINDS``."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject, mine = _name("127.0.0.1"), self.certificate.subject
        is_own = kind == "self-signed"
        where = "192.0.2.1" if kind == "of another name" else "127.0.0.1"
        made = (
            _described(
                subject,
                subject if is_own else mine,
                key,
                until=PAST if kind == "expired" else FUTURE,
            )
            .add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(where))]),
                critical=False,
            )
            .sign(key if is_own else self.key, hashes.SHA256())
        )
        path = self.folder / f"{kind.replace(' ', '-')}.pem"
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + made.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _described(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    *,
    until: dt.datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(LONG_AGO)
        .not_valid_after(until)
    )
