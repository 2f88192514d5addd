# ruff: noqa: F401 - the names are for the program on the board
# The interpreter's own TLS, but certificates are valid by the board's clock: on the ESP32, where nobody set it, it is
# 2000, and each is "not yet valid". mbedtls itself asks the host's clock, which cannot be changed from here.
import errno
import io

import tls as _native
from esp_socket import socket as _socket
from esp_time import gmtime as _gmtime
from tls import (
    CERT_NONE,
    CERT_OPTIONAL,
    CERT_REQUIRED,
    MBEDTLS_VERSION,
    PROTOCOL_DTLS_CLIENT,
    PROTOCOL_DTLS_SERVER,
    PROTOCOL_TLS_CLIENT,
    PROTOCOL_TLS_SERVER,
)

# What mbedtls says, and the alert that it sends: RFC 5246, section 7.2.
_EXPIRED = ("\nThe certificate validity has expired\n", b"\x15\x03\x03\x00\x02\x02\x2d")
_FUTURE = ("\nThe certificate validity starts in the future\n", b"\x15\x03\x03\x00\x02\x02\x2e")


def _inside(der, at):
    # Where the content of the DER element at `at` begins and ends.
    size, at = der[at + 1], at + 2
    if size > 127:
        more = size & 127
        size = int.from_bytes(bytes(der[at : at + more]), "big")
        at += more
    return at, at + size


def _time(der, at):
    # Its digits YYYYMMDDHHMMSS, and where the next element is: RFC 5280, section 4.1.2.5.
    start, end = _inside(der, at)
    digits = bytes(der[start : end - 1])
    if der[at] == 0x17:
        digits = (b"20" if digits < b"5" else b"19") + digits
    return digits, end


def _wrong(der):
    # None, or why this certificate is not valid now: RFC 5280, section 4.1.
    at = _inside(der, _inside(der, 0)[0])[0]
    if der[at] == 0xA0:
        at = _inside(der, at)[1]
    for _ in range(3):  # serial number, signature, issuer
        at = _inside(der, at)[1]
    start, at = _time(der, _inside(der, at)[0])
    now = b"%04d%02d%02d%02d%02d%02d" % _gmtime()[:6]
    if now < start:
        return _FUTURE
    return _EXPIRED if now > _time(der, at)[0] else None


class _Wire(io.IOBase):
    # What mbedtls reads and writes: an error of the board's socket is a number for it, as on the ESP32, and not an
    # exception that jumps out of the middle of it.
    def __init__(self, sock, context):
        self._sock = sock
        self._context = context

    def readinto(self, buf):
        try:
            return -errno.EBADF if self._sock is None else self._sock.readinto(buf)
        except OSError as error:
            return -error.errno

    def write(self, buf):
        if self._sock is None:
            return -errno.EBADF
        wrong, self._context._wrong = self._context._wrong, None
        try:
            if not wrong or buf[0] == 0x15:  # an alert: mbedtls itself has something against the certificate
                return self._sock.write(buf)
            self._sock.write(wrong[1])
        except OSError as error:
            return -error.errno
        self._sock = None  # mbedtls lets go of it when a handshake fails: to close it is up to the program
        raise ValueError(wrong[0])

    def ioctl(self, request, arg):
        if self._sock is None:
            return 32 if request == 3 else 0
        return self._sock.ioctl(request, arg)


_set = object.__setattr__


class SSLContext:
    def __init__(self, protocol):
        _set(self, "_context", _native.SSLContext(protocol))
        self._wrong = self.verify_callback = None
        self._context.verify_callback = self._verify

    def _verify(self, der, depth):
        if self._context.verify_mode == CERT_REQUIRED and not self._wrong:
            self._wrong = _wrong(der)
        return self._handler(der, depth) if self._handler else 0

    def wrap_socket(self, sock, **options):
        self._wrong = None
        return self._context.wrap_socket(_Wire(sock, self) if isinstance(sock, _socket) else sock, **options)

    def __getattr__(self, name):
        return self._handler if name == "verify_callback" else getattr(self._context, name)

    def __setattr__(self, name, value):
        if name in ("_wrong", "verify_callback"):
            _set(self, "_handler" if name == "verify_callback" else name, value)
        else:
            setattr(self._context, name, value)
