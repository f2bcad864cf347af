"""Certificates of a demonstration: its own authority, and one certificate for all its servers."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LIFE = timedelta(days=365)
MARGIN = timedelta(days=30)


@dataclass(frozen=True)
class Secured:
    """The files of a folder: ``ca`` for clients, ``certificate`` and ``key`` for servers called one of ``names``."""

    folder: Path
    names: tuple[str, ...]

    @property
    def ca(self) -> Path:
        return self.folder / "ca.pem"

    @property
    def certificate(self) -> Path:
        return self.folder / "server.pem"

    @property
    def key(self) -> Path:
        return self.folder / "server.key"

    def lasts(self) -> bool:
        """Whether a certificate of these names is there and valid for another month."""
        if not self.ca.exists():  # written last
            return False
        found = x509.load_pem_x509_certificate(self.certificate.read_bytes())
        alternatives = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return (
            list(alternatives) == [alternative(n) for n in self.names]
            and found.not_valid_after_utc > datetime.now(UTC) + MARGIN
        )


def make_certificates(folder: Path, names: tuple[str, ...]) -> Secured:
    """Make the files, valid for a year; files that last another month stay, since clients trust them.

    The key of the authority is not kept.
    """
    secured = Secured(folder, names)
    if secured.lasts():
        return secured
    folder.mkdir(parents=True, exist_ok=True)
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = name("cchc demonstration")
    ca = (
        begin(authority, authority, authority_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(KEY_USAGE, critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    certificate = (
        begin(name(names[0]), authority, key)
        .add_extension(x509.SubjectAlternativeName([alternative(other) for other in names]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    secured.key.touch(mode=0o600)
    secured.key.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    secured.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secured.ca.write_bytes(ca.public_bytes(serialization.Encoding.PEM))
    return secured


# Python 3.13 and later reject an authority without key usage and key identifiers.
KEY_USAGE = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


def begin(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + LIFE)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def alternative(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)
