"""Certificates for servers that a client should trust, and for those that it should not."""

import datetime
import ssl
from pathlib import Path
from typing import Any

import trustme
from byte_server import ByteServer
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

NAMES = ("hub.test", "127.0.0.1")  # of the right server
_HUB = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "hub.test")])


def at(server: ByteServer, name: str = NAMES[0]) -> str:
    """The URL of the server by a name that the right certificate has; the server need not speak TLS."""
    return f"https://{name}:{server.port}/v1/telemetry"


def days_from_now(days: int) -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=days)


class Authority(trustme.CA):
    """A CA, with what a test needs of it."""

    @property
    def der_hex(self) -> str:
        """Its certificate in DER, in hex."""
        return ssl.PEM_cert_to_DER_cert(self.cert_pem.bytes().decode()).hex()

    def server(self, *names: str, **validity: datetime.datetime) -> ssl.SSLContext:
        """A server with a certificate of this CA for these names, or the right ones."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.issue_cert(*(names or NAMES), **validity).configure_cert(context)
        return context

    def server_of_a_child(self) -> ssl.SSLContext:
        """A server with a certificate of a CA below this one, which it sends along."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.create_child_ca().issue_cert(*NAMES).configure_cert(context)
        return context


def self_signed_server(folder: Path) -> ssl.SSLContext:
    """A server whose certificate, for the right name, nobody but itself signed."""
    key = _key()
    return _server(folder, key, _certificate(_HUB, _HUB, key, key))


def server_in_the_name_of(ca: Authority, folder: Path) -> ssl.SSLContext:
    """A server whose certificate says that the CA signed it, which it did not."""
    key = _key()
    subject = x509.load_pem_x509_certificate(ca.cert_pem.bytes()).subject
    return _server(folder, key, _certificate(_HUB, subject, key, _key()))


def server_below_a_server(ca: Authority, folder: Path) -> ssl.SSLContext:
    """A server whose certificate was signed with that of another server of the CA, which is no CA itself."""
    other = ca.issue_cert("other.test")
    other_pem = other.cert_chain_pems[0].bytes()
    other_key = load_pem_private_key(other.private_key_pem.bytes(), None)
    key = _key()
    certificate = _certificate(_HUB, x509.load_pem_x509_certificate(other_pem).subject, key, other_key)
    return _server(folder, key, certificate + other_pem)


def _key() -> Any:
    return ec.generate_private_key(ec.SECP256R1())


def _certificate(name: x509.Name, issuer: x509.Name, key: Any, issuer_key: Any) -> bytes:
    names = [x509.DNSName("hub.test")]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(days_from_now(-1))
        .not_valid_after(days_from_now(1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )
    return certificate.public_bytes(Encoding.PEM)


def _server(folder: Path, key: Any, chain: bytes) -> ssl.SSLContext:
    path = folder / "server.pem"
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + chain)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context
