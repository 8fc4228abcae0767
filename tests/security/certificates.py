"""An authority of the tests' own, and the certificates that it issues, as PEM files."""

import datetime as dt
import ssl
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LIFE = dt.timedelta(days=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A certificate and its key: each in a file of its own, and both in one, as Kafka wants them."""

    certificate: Path
    key: Path
    both: Path


def served_with(issued: Certificate) -> ssl.SSLContext:
    """Return what a server presents the certificate with."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issued.certificate, issued.key)
    return context


class Authority:
    """Issues certificates, for 127.0.0.1 unless told otherwise; `file` is that with which they are verified."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(name)
        self.itself = self._written(name, self._key, authority=True)
        self.file = self.itself.certificate

    def issue(self, name: str, *, address: str = "127.0.0.1", expired: bool = False) -> Certificate:
        """Write a certificate with this common name; an expired one ended an hour ago."""
        return self._written(name, ec.generate_private_key(ec.SECP256R1()), address=address, expired=expired)

    def _written(self, name: str, key: ec.EllipticCurvePrivateKey, **terms: Any) -> Certificate:
        issued = Certificate(
            certificate=self._folder / f"{name}.crt",
            key=self._folder / f"{name}.key",
            both=self._folder / f"{name}.pem",
        )
        private = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        issued.key.write_bytes(key.private_bytes(serialization.Encoding.PEM, *private))
        issued.certificate.write_bytes(_pem(self._signed(_named(name), key.public_key(), **terms)))
        issued.both.write_bytes(issued.key.read_bytes() + issued.certificate.read_bytes())
        return issued

    def _signed(
        self,
        name: x509.Name,
        key: ec.EllipticCurvePublicKey,
        *,
        address: str = "127.0.0.1",
        authority: bool = False,
        expired: bool = False,
    ) -> x509.Certificate:
        until = dt.datetime.now(dt.UTC) + (dt.timedelta(hours=-1) if expired else LIFE)
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(until - 2 * LIFE)
            .not_valid_after(until)
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), critical=False)
            .sign(self._key, hashes.SHA256())
        )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
