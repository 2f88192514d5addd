"""Stands in for the module `socket`: counts name look-ups, knows names that no DNS knows, and can watch a socket."""

import io
import socket as _native

_IOCTL_CLOSE = 4
_IOCTL_FILENO = 10


class Watched(io.IOBase):
    """A real socket that keeps a list of what was done with it."""

    def __init__(self, log, *kind):
        self._socket = _native.socket(*kind)
        self._log = log

    def __getattr__(self, name):
        return getattr(self._socket, name)

    def connect(self, address):
        self._log.append(["connect"])
        self._socket.connect(address)

    def setsockopt(self, level, option, value):
        self._log.append(["setsockopt", level, option, value])
        self._socket.setsockopt(level, option, value)

    def write(self, data, *part):
        self._log.append(["write", part[-1] if part else len(data)])
        return self._socket.write(data, *part)

    def send(self, data):
        self._log.append(["write", len(data)])
        return self._socket.send(data)

    def read(self, *size):
        return self._socket.read(*size)

    def readinto(self, buffer, *size):
        return self._socket.readinto(buffer, *size)

    def recv(self, size):
        return self._socket.recv(size)

    def ioctl(self, request, argument):
        if request == _IOCTL_FILENO:
            return self._socket.fileno()
        if request == _IOCTL_CLOSE:
            self._socket.close()
            return 0
        return -1

    def close(self):
        self._log.append(["close"])
        self._socket.close()


class Sockets:
    """The module. Names that end with `.test` are this machine; `log` is a list while sockets are watched.

    `names`: name -> port in place of the one that is asked for, because a test may not listen at port 80.
    """

    def __init__(self):
        self.lookups = 0
        self.names = {}
        self.log = None

    def __getattr__(self, name):
        return getattr(_native, name)

    def getaddrinfo(self, host, port, *more):
        self.lookups += 1
        if host == "nowhere.test":
            raise OSError(-2)
        if host.endswith(".test"):
            return _native.getaddrinfo("127.0.0.1", self.names.get(host, port), *more)
        return _native.getaddrinfo(host, port, *more)

    def socket(self, *kind):
        return _native.socket(*kind) if self.log is None else Watched(self.log, *kind)
