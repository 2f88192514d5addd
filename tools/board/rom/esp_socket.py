# ruff: noqa: F401 - the names are for the program on the board
# The host's sockets behind the board's Wi-Fi: without an address nothing leaves the board.
import errno
import io
import socket as _native
from socket import (
    AF_INET,
    AF_INET6,
    IP_ADD_MEMBERSHIP,
    SO_BROADCAST,
    SO_REUSEADDR,
    SOCK_DGRAM,
    SOCK_RAW,
    SOCK_STREAM,
    SOL_SOCKET,
)

from esp_chip import call as _call
from esp_chip import link_up as _link_up

IPPROTO_TCP, IPPROTO_UDP, IPPROTO_IP = 6, 17, 0


def getaddrinfo(host, port, *more):
    host = _call("wlan.resolve", host)
    try:
        found = _native.getaddrinfo(host, port, *more)
    except OSError:
        raise OSError(-202)
    return [it[:4] + (_plain(it[4]),) for it in found if it[0] == AF_INET]


def _plain(address):
    family, address, port = _native.sockaddr(address)[:3]
    return _native.inet_ntop(family, address), port


def _packed(address):
    if isinstance(address, (bytes, bytearray)):
        return address
    if not isinstance(address, tuple) or len(address) != 2:
        raise TypeError("address tuple (host, port) expected")
    return _native.getaddrinfo(_call("wlan.resolve", address[0]), address[1])[0][-1]


class socket(io.IOBase):
    def __init__(self, af=AF_INET, type=SOCK_STREAM, proto=0, *, _accepted=None):
        self._socket = _accepted or _native.socket(af, type, proto)

    def _up(self, error=errno.ECONNABORTED):
        if not _link_up():
            raise OSError(error)
        return self._socket

    def connect(self, address):
        self._up(errno.EHOSTUNREACH).connect(_packed(address))

    def bind(self, address):
        if isinstance(address, tuple) and not address[0]:
            address = ("0.0.0.0", address[1])
        if isinstance(address, tuple):
            address = _native.getaddrinfo(address[0], address[1])[0][-1]
        self._socket.bind(address)

    def listen(self, backlog=2):
        self._socket.listen(backlog)

    def accept(self):
        accepted, address = self._socket.accept()
        return socket(_accepted=accepted), _plain(address)

    def read(self, *size):
        return self._up().read(*size)

    def readinto(self, buf, *size):
        return self._up().readinto(buf, *size)

    def readline(self, *size):
        return self._up().readline(*size)

    def recv(self, size):
        return self._up().recv(size)

    def recvfrom(self, size):
        data, address = self._up().recvfrom(size)
        return data, _plain(address)

    def write(self, buf, *more):
        return self._up().write(buf, *more)

    def send(self, buf):
        return self._up().send(buf)

    def sendall(self, buf):
        # The interpreter's own sendall may send a part only, and sockets of the ESP32 that wait never do.
        view = memoryview(buf)
        while view:
            view = view[self._up().send(view) :]

    def sendto(self, buf, address):
        return self._up(errno.EHOSTUNREACH).sendto(buf, _packed(address))

    def settimeout(self, seconds):
        self._socket.settimeout(seconds)

    def setblocking(self, flag):
        self._socket.setblocking(flag)

    def setsockopt(self, level, option, value):
        self._socket.setsockopt(level, option, value)

    def fileno(self):
        return self._socket.fileno()

    def makefile(self, *args):
        return self

    def close(self):
        self._socket.close()

    def ioctl(self, request, arg):
        if request == 10:  # the host's descriptor: what poll() waits on
            return self._socket.fileno()
        if request == 4:
            self._socket.close()
            return 0
        return -1

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def __repr__(self):
        return "<socket>"
