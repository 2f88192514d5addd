"""A hub that lies: in valid JSON, in HTTP, at one endpoint each time, to a whole board of 96 KiB of heap. The board
survives it, shows no secret, is not made to restart, and its telemetry goes on when the hub is honest again."""

import json
import socketserver
import subprocess
import threading
from pathlib import Path

from tools.board.micropython import find_micropython

_HEAP = "96k"  # of 64-bit words: half as much on the chip
_LYING, _HONEST = 10, 4  # telemetries
_SECRETS = ("key-never-to-be-shown", "hardware-never-shown", "password-never-shown")
_ASKS_ALL = {"success": True, "config_version": 3, "command": True, "new_licenses": True, "info_version": 2}


def _json(value: object, status: int = 200, head: bytes = b"") -> bytes:
    return _body(json.dumps(value).encode(), status, head)


def _body(body: bytes, status: int = 200, head: bytes = b"") -> bytes:
    return b"HTTP/1.1 %d X\r\n%sContent-Length: %d\r\n\r\n" % (status, head, len(body)) + body


def _chunked(body: bytes, size: int) -> bytes:
    chunks = [b"%x\r\n%s\r\n" % (len(body[at : at + size]), body[at : at + size]) for at in range(0, len(body), size)]
    return b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n" + b"".join(chunks) + b"0\r\n\r\n"


def _deep(depth: int, inner: bytes = b"1") -> bytes:
    return b'{"a":' * depth + inner + b"}" * depth


_MANY = {f"key{number}": number for number in range(1000)}
_PAGE = b"<html>" + b"<p>Please log in</p>" * 700
# What an answer to any endpoint may be, whatever it should be.
_ANY: dict[str, bytes] = {
    "deep lists": _body(b"[" * 4000),
    "deep lists that end": _body(b"[" * 2000 + b"]" * 2000),
    "a thousand lists": _body(b"[" + b"[]," * 1300 + b"0]"),
    "a thousand keys": _json(_MANY),
    "ten thousand keys": _json({f"key{number}": number for number in range(10_000)}),
    "16 KiB of numbers": _body(b"[" + b"1," * 8000 + b"1]"),
    "a page": _body(_PAGE),
    "a page that is an error": _body(_PAGE, 503),
    "a deep error": _body(b"[" * 9000, 404),
    "a page in chunks of one byte": _chunked(_PAGE[:2000], 1),
    "a large head": _body(b"{}", head=b"X: " + b"y" * 7900 + b"\r\n"),
    "a head of lines": _body(b"{}", 500, b"a\r\n" * 2500),
    "a thousand headers": _body(b"{}", 500, b"".join(b"a%d: b\r\n" % n for n in range(900))),
    "folded headers": _body(b"{}", 500, b"A: b\r\n" + b" c\r\n" * 1900),
    "silence for ever": _json({"error": "no"}, 429, b"Retry-After: 999999999999\r\n"),
    "what we sent": _json({"error": f"{_SECRETS[0]} is no key"}, 400),
    "a redirect": _json({}, 302, b"Location: http://127.0.0.1:9/\r\n"),
    "1xx for ever": b"HTTP/1.1 100 Continue\r\n\r\n" * 20,
    "a length without end": b"HTTP/1.1 200 X\r\nContent-Length: 999999999999\r\n\r\n{}",
    "surrogates": _body(b'{"id":"\\ud83d","name":"\\udc00","version":"\\uZZZZ","config":{"\\ud83d":"\\ud83d"}}'),
    "numbers for keys": _body(b'{1:2,null:3,1.5:4,"version":5,"config":{1:2},"id":"x","name":"y"}'),
}
_OF_ONE: dict[str, dict[str, bytes]] = {
    "/telemetry": {
        "versions of 64 bits": _json(dict.fromkeys(_ASKS_ALL, 1 << 63) | {"success": True, "command": False}),
        "negative versions": _json({"config_version": -5, "info_version": -(1 << 70), "space_data_version": -3}),
        "other types": _json({"success": 1, "config_version": "3", "command": []}),
        "a version of 3 KiB": _json({"latest_fw_version": "9" * 3000 + ".0.0", "latest_fw_file_id": "f"}),
        "a file id of 3 KiB": _json({"latest_fw_version": "9.0.0", "latest_fw_file_id": "\x1b/é" * 700}),
    },
    "/config": {
        "a version of 64 bits": _json({"version": 1 << 63, "config": {}}),
        "a negative version": _json({"version": -7, "config": {}}),
        "a deep configuration": _body(b'{"version":3,"config":' + _deep(2000) + b"}"),
        "a large configuration": _json({"version": 3, "config": _MANY}),
        "a huge text": _json({"version": 3, "config": {"a": "b" * 14_000}}),
        "infinity": _body(b'{"version":3,"config":{"a":1e999}}'),
    },
    "/command": {
        "an id of lines": _json({"id": "a/b\r\nX: y", "name": "blink"}),
        "a long id": _json({"id": "é" * 3000, "name": "blink"}),
        "a name that is none": _json({"id": "1", "name": {"a": [1]}}),
        "deep parameters": _body(b'{"id":"2","name":"blink","parameters":' + _deep(900) + b"}"),
        "a dump": _json({"id": "3", "name": "dump"}),
    },
    "/license": {
        "a long licence": _json({"id": "a" * 990, "action": "add", "data": "b" * 9000, "signature": "AAAA"}),
        "types": _json({"id": "a", "action": [], "data": {}, "signature": 5, "expires_at": [], "current_time": 7}),
        "a time long past": _json({"id": "a", "action": "add", "current_time": "0000-01-01T00:00:00Z"}),
    },
    "/space": {
        "infinity": _body(b'{"name":1e999,"location":{"utc_offset":1e999}}'),
        "a deep place": _body(b'{"location":' + _deep(1500) + b"}"),
        "an offset of 64 bits": _json({"location": {"utc_offset": 1 << 64}, "temperature_units": {}}),
    },
    "/incidents": {
        "an id that is none": _json({"incident_id": _MANY}),
        "a long id": _json({"incident_id": "a" * 9000}),
    },
    "/dumps": {"an id that is none": _json({"id": [1]}), "a long id": _json({"id": "/" * 3000})},
    "/children/telemetries": {
        "a child that is none": _json({"c-1": [1]}),
        "an error that is none": _json({"c-1": {"error": _MANY}}),
        "versions of 64 bits": _json({"c-1": {"config_version": 1 << 63, "space_data_version": 1 << 70}}),
        "of nobody": _json({"c-2": {}}),
    },
    "/children": {"no identity": _json({"id": "/", "access_key": "\r"}), "a long id": _json({"id": "c" * 9000})},
    "/devices": {
        "our hardware key": _json({"error": f"{_SECRETS[1]} is none"}, 422),
        "no identity": _json({"id": "../..", "access_key": "a\r\nb: c", "hub_url": "ftp://x"}),
        "a long key": _json({"id": "d", "access_key": "k" * 9000, "hub_url": "http://h"}),
    },
}


def lies() -> dict[str, tuple[str, bytes]]:
    """Name -> the end of the path, and what is answered there."""
    found = {}
    for path, own in _OF_ONE.items():
        for name, answer in (_ANY | own).items():
            if path == "/devices" and name == "what we sent":
                continue  # a key that it is only to get
            found[f"{path}: {name}"] = path, answer
    return found


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        try:
            self._talk()
        except OSError:
            pass  # the board closed

    def _talk(self) -> None:
        while True:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                line = self.rfile.readline()
                if not line:
                    return
                head += line
            _, path, _ = head.split(b" ", 2)
            for line in head.split(b"\r\n"):
                if line.lower().startswith(b"content-length:"):
                    self.rfile.read(int(line.partition(b":")[2]))
            self.wfile.write(self.server.answer(path.decode()))  # type: ignore[attr-defined]


class Liar(socketserver.ThreadingTCPServer):
    """A hub of one device, that lies where `path` ends so, as long as it is told to."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, path: str, lie: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.path, self.lie = path, lie
        self.telemetries = self.lied = self.accepted = 0
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def answer(self, path: str) -> bytes:
        is_telemetry = path.endswith("/telemetry")
        self.telemetries += is_telemetry
        is_honest = self.telemetries > _LYING or self.lied > (
            1 if self.path in ("/devices", "/children") else 3 * _LYING
        )
        if not is_honest and (path.endswith(self.path) or self.path == "/dumps" and "/dumps/" in path):
            self.lied += 1
            return self.lie
        if is_telemetry:
            self.accepted += is_honest
            more = {"command": False, "new_licenses": False} if is_honest else {}
            return _json(_ASKS_ALL | {"space_data_version": 1} | more)
        if path.endswith("/devices"):
            return _json({"id": "d-1", "access_key": _SECRETS[0], "hub_url": self.url})
        if path.endswith("/children"):
            return _json({"id": "c-1", "access_key": "k"})
        if path.endswith("/children/telemetries"):
            return _json({"c-1": {"success": True}})
        if path.endswith("/config"):
            return _json({"version": 3, "config": {"mode": "day"}})
        if path.endswith("/command") and self.path == "/dumps":
            return _json({"id": f"c-{self.telemetries}", "name": "dump"})
        return _json({})

    def __enter__(self) -> "Liar":
        return self

    def __exit__(self, *error: object) -> None:
        self.shutdown()
        self.server_close()


def lie_to(folder: Path, lib: Path, name: str) -> str:
    """One board before one liar; gives its console. Raises AssertionError."""
    path, lie = lies()[name]
    work = folder / name.replace("/", "").replace(" ", "-").replace(":", "")
    work.mkdir()
    with Liar(path, lie) as liar:
        plan = {"url": liar.url, "steps": 500, "registered": path != "/devices", "incident": path == "/incidents"}
        plan["child"] = path.startswith("/children")
        done = subprocess.run(
            [find_micropython(None), "-X", f"heapsize={_HEAP}", "-m", "board"],
            input=json.dumps(plan | {"enough": _LYING + _HONEST}).encode() + b"\n",
            cwd=work,
            env={"MICROPYPATH": f".frozen:{lib}"},
            capture_output=True,
            timeout=300,
        )
        console = (done.stdout + done.stderr).decode(errors="replace")
        assert not done.returncode, f"{name}:\n{console[-3000:]}"
        assert liar.lied, f"{name}: was never asked for"
        assert liar.accepted >= _HONEST, f"{name}: {liar.accepted} telemetries afterwards\n{console[-3000:]}"
        for secret in _SECRETS:
            assert secret not in console, f"{name}: {secret}"
    return console
