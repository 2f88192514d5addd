"""The hub's own CA, and the certificate by which it is the server that its devices trust."""

import fcntl
import socket
import ssl
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme

from tools.hub.private import write_private

_BEFORE = timedelta(days=1)  # a client whose clock is somewhat behind is served; one whose clock was never set is not
_VALID = timedelta(days=825)  # issued anew at every start; longer is refused by some clients
_SIOCGIFADDR = 0x8915  # netdevice(7): the IPv4 address of an interface


class Authority:
    """A CA of this hub's own. With `file` it is kept there, certificate and private key in one PEM that only its user
    can read, because boards hold on to the CA for years; without, it ends with this object.

    Raises OSError if the file cannot be read or written, ValueError if it holds no CA.
    """

    def __init__(self, file: Path | None = None) -> None:
        kept = _read(file) if file is not None else None
        if kept is None:
            self._ca = trustme.CA(organization_name="micropython-telemetry", organization_unit_name="Local hub CA")
            if file is not None:
                write_private(file, self._ca.private_key_pem.bytes() + self._ca.cert_pem.bytes())
        else:
            try:
                self._ca = trustme.CA.from_pem(kept, kept)
            except ValueError:
                raise ValueError(f"{file} holds no CA: mend it, or remove it for a new one") from None

    @property
    def der(self) -> bytes:
        """The CA's certificate, which is no secret: what a device verifies the hub with."""
        return ssl.PEM_cert_to_DER_cert(self._ca.cert_pem.bytes().decode())

    def server_context(self, names: list[str]) -> ssl.SSLContext:
        """What a server needs that is reached by these names and addresses."""
        now = datetime.now(UTC)
        certificate = self._ca.issue_cert(*names, not_before=now - _BEFORE, not_after=now + _VALID)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        return context


def names_of(host: str) -> list[str]:
    """By which names and addresses a hub is reached that listens on `host`."""
    names = {"localhost": None, "127.0.0.1": None, "::1": None}  # a dict keeps the order
    if host in ("0.0.0.0", "::", ""):
        names |= dict.fromkeys(_own_addresses())
        own = socket.gethostname()
        # What mDNS calls this machine, as most routers' name servers do not know it at all.
        names |= dict.fromkeys(name for name in (own, own.partition(".")[0] + ".local") if _is_host_name(name))
    else:
        names[host] = None
    return list(names)


def _is_host_name(name: str) -> bool:
    return 0 < len(name) < 254 and all(c.isascii() and (c.isalnum() or c in "-.") for c in name)


def _own_addresses() -> list[str]:
    """The addresses of this machine's interfaces that others can reach."""
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for _, interface in socket.if_nameindex():
            request = struct.pack("256s", interface.encode()[:15])
            try:
                found.append(socket.inet_ntoa(fcntl.ioctl(sock.fileno(), _SIOCGIFADDR, request)[20:24]))
            except OSError:
                pass  # this one has no IPv4 address
    try:
        lines = Path("/proc/net/if_inet6").read_text().splitlines()
    except OSError:
        return found  # no IPv6 on this machine
    # Link-local ones are told with a zone, which no certificate can hold.
    packed = [bytes.fromhex(line.split()[0]) for line in lines]
    return found + [socket.inet_ntop(socket.AF_INET6, it) for it in packed if it[:2] != b"\xfe\x80"]


def _read(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None
