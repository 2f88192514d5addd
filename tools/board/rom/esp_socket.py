# ruff: noqa: F401 - the names are for the program on the board
# The host's sockets behind the board's Wi-Fi: without an address nothing leaves the board, and there are ten of them.
import errno
import io
import select as _select
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

import vfs as _vfs
from esp_chip import call as _call
from esp_chip import link_up as _link_up

IPPROTO_TCP, IPPROTO_UDP, IPPROTO_IP = 6, 17, 0
TCP_NODELAY = 1
_LEVELS = {SO_REUSEADDR: SOL_SOCKET, SO_BROADCAST: SOL_SOCKET, IP_ADD_MEMBERSHIP: IPPROTO_IP, TCP_NODELAY: IPPROTO_TCP}
_IN, _OUT, _ERR, _HUP, _NVAL = 1, 4, 8, 16, 32
_MOST = 10  # ESP-IDF, CONFIG_LWIP_MAX_SOCKETS
_ENFILE = 23
_host = _vfs.VfsPosix()
_probe = _native.socket()
_first = _probe.fileno()  # the host gives the lowest number that is free
_probe.close()


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
        it = _accepted or _native.socket(af, type, proto)
        if it.fileno() >= _first + _MOST:
            it.close()
            raise OSError(_ENFILE)
        self._socket = it
        # The ESP32's sockets are closed when they are forgotten, which files are here, and sockets are not.
        self._closer = _host.open(it.fileno(), "r+b")
        self._poll = None
        self._new = type == SOCK_STREAM and not _accepted

    def _up(self, error=errno.ECONNABORTED):
        if self._socket is None:
            raise OSError(errno.EBADF)
        if not _link_up():
            raise OSError(error)
        return self._socket

    def connect(self, address):
        it = self._up(errno.EHOSTUNREACH)
        address = _packed(address)
        self._new = False
        it.connect(address)

    def bind(self, address):
        if isinstance(address, tuple) and not address[0]:
            address = ("0.0.0.0", address[1])
        if isinstance(address, tuple):
            address = _native.getaddrinfo(address[0], address[1])[0][-1]
        self._own().bind(address)

    def listen(self, backlog=2):
        self._own().listen(backlog)
        self._new = False

    def accept(self):
        accepted, address = self._own().accept()
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
        self._own().settimeout(seconds)

    def setblocking(self, flag):
        self._own().setblocking(flag)

    def setsockopt(self, level, option, value):
        # As on the ESP32: the option alone decides, and an unknown one is no error.
        if option in _LEVELS:
            self._own().setsockopt(_LEVELS[option], option, value)
        else:
            print("Warning: lwip.setsockopt() option not implemented")

    def fileno(self):
        return -1 if self._socket is None else self._socket.fileno()

    def makefile(self, *args):
        return self

    def close(self):
        self._socket = self._poll = None
        self._closer.close()

    def ioctl(self, request, arg):
        if request == 3:
            return self._ready(arg)
        if request == 4:
            self.close()
            return 0
        return -errno.EINVAL

    def _own(self):
        if self._socket is None:
            raise OSError(errno.EBADF)
        return self._socket

    def _ready(self, asked):
        # Not by the host's descriptor, which would wait on though the Wi-Fi has gone. An error makes lwIP's sockets
        # readable and writable; the next use raises it.
        if self._socket is None:
            return _NVAL
        if self._new:
            return asked & _OUT | _HUP
        if not _link_up():
            return asked & (_IN | _OUT | _HUP)
        if self._poll is None:
            self._poll = _select.poll()
        self._poll.register(self._socket, asked & (_IN | _OUT))
        for _, found in self._poll.ipoll(0):
            if found & (_ERR | _HUP):
                found |= _IN | _OUT | _HUP
            return found & asked
        return 0

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def __repr__(self):
        return "<socket>"
