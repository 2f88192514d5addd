"""The line between board and hub: one connection at a time, kept, and bad now and then."""

import json
import random
import socket
import struct
import threading
import traceback

from tools.soak.years_hub import Judge

# What becomes of a request. Those behind "ok" come in runs of a few.
_KINDS = (
    "429", "429", "503", "500", "401", "garbage", "close", "answered and closed", "no answer",
    "no json", "wrong types", "large", "breaks off", "reset",
)  # fmt: skip
_RETRY = (None, None, "0", "1", "30", "7200", "999999999999", "soon", "-5", "Wed, 21 Oct 2015 07:28:00 GMT")


class Server:
    """A context manager: while it is open, a board may talk to `judge` at `url`."""

    def __init__(self, judge: Judge, seed: int) -> None:
        self.judge = judge
        self.requests = 0
        self._random = random.Random(seed)
        self._kind = ""
        self._left = 0
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=16)
        self.url = judge.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._stopped = False
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Server":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stopped = True
        try:
            socket.create_connection(self._listener.getsockname()).close()  # wakes it up
        except OSError:
            pass
        self._thread.join(10)
        self._listener.close()

    def _run(self) -> None:
        while not self._stopped:
            sock, _ = self._listener.accept()
            with sock:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                try:
                    while self._serve(sock):
                        pass
                except OSError:
                    pass
                except Exception:
                    self.judge.broken.append(traceback.format_exc())

    def _serve(self, sock: socket.socket) -> bool:
        """One request; False: the connection is over."""
        data = b""
        while (end := data.find(b"\r\n\r\n") + 4) < 4:
            if not (more := sock.recv(65536)):
                return False
            data += more
        first, *lines = data[:end].decode().split("\r\n")[:-2]
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        while len(data) < end + int(headers.get("content-length", 0)):
            if not (more := sock.recv(65536)):
                return False
            data += more
        self.requests += 1
        method, path, _ = first.split(" ")
        kind = self._next_kind()
        self.judge.count("fault " + kind)
        if kind in ("ok", "answered and closed", "breaks off"):
            status, reply = self.judge.answer(method, path, headers.get("authorization", ""), data[end:])
            answer = _answer(status, json.dumps(reply).encode())
            if kind == "ok":
                sock.sendall(answer)
                return True
            if kind == "breaks off":
                sock.sendall(answer[:-1])
            return False
        return self._fail(sock, kind)

    def _next_kind(self) -> str:
        if self._left:
            self._left -= 1
        elif self._random.random() < 0.02:
            self._kind = self._random.choice(_KINDS)
            self._left = self._random.choice((0, 0, 1, 4, 12))
        else:
            self._kind = "ok"
        if self.judge.is_calm:
            self._kind, self._left = "ok", 0
        return self._kind

    def _fail(self, sock: socket.socket, kind: str) -> bool:
        if kind in ("503", "500", "401"):
            sock.sendall(_answer(int(kind), b'{"error": "not now"}'))
            return True
        if kind == "429":
            retry = self._random.choice(_RETRY)
            sock.sendall(_answer(429, b"{}", f"Retry-After: {retry}\r\n" if retry else ""))
            return True
        if kind in ("no json", "wrong types", "large"):
            body = {"no json": b"<html>", "wrong types": b'{"success": true, "config_version": "x"}'}
            sock.sendall(_answer(200, body.get(kind, b"[" + b"1," * 10000 + b"1]")))
            return True
        if kind == "garbage":
            sock.sendall(b"220 mail.example.com ESMTP\r\n\r\n")
        elif kind == "reset":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif kind == "no answer":
            while sock.recv(65536):
                pass
        return False


def _answer(status: int, body: bytes, more: str = "") -> bytes:
    head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n{more}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body
