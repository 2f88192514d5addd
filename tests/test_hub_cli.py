"""The local hub's command line, from end to end: `serve` is a process of its own, and some of the commands are."""

import base64
import contextlib
import io
import json
import os
import queue
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path
from unittest import mock

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from tools.hub import LocalHub
from tools.hub.__main__ import main
from tools.hub.testing import IDENTITY, TestDevice, call

ROOT = Path(__file__).resolve().parent.parent
WAIT_S = 60  # for what hangs


def environment(**more):
    inherited = {name: value for name, value in os.environ.items() if name != "HUB_KEY"}
    return inherited | {"PYTHONPATH": str(ROOT)} | more


def run(folder, *arguments, **more):
    """A command that ends by itself. In this process: there are many, and Python takes a second to start."""
    streams = io.TextIOWrapper(io.BytesIO()), io.TextIOWrapper(io.BytesIO())
    handlers = [(number, signal.getsignal(number)) for number in (signal.SIGINT, signal.SIGTERM)]
    with (
        contextlib.chdir(folder),
        mock.patch.dict(os.environ, environment(**more), clear=True),
        contextlib.redirect_stdout(streams[0]),
        contextlib.redirect_stderr(streams[1]),
    ):
        try:
            code = main(list(arguments))
        except SystemExit as end:
            code = end.code
    for number, handler in handlers:
        signal.signal(number, handler)
    for stream in streams:
        stream.flush()
    return subprocess.CompletedProcess(arguments, code, *(stream.buffer.getvalue().decode() for stream in streams))


def run_alone(folder, *arguments, **more):
    """The same in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "tools.hub", *arguments],
        cwd=folder,
        env=environment(**more),
        capture_output=True,
        text=True,
        timeout=WAIT_S,
    )


class Serve:
    """`serve` in a folder, with its lines as they come."""

    def __init__(self, folder, *arguments):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tools.hub", "serve", *arguments],
            cwd=folder,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines = []
        self._coming = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self.url = self.line().removeprefix("hub: ")
        self._ca_file = Path(folder, "build/hub-ca.der")

    def _read(self):
        for line in self.process.stdout:
            self._coming.put(line.rstrip("\n"))

    def line(self):
        self.lines.append(self._coming.get(timeout=WAIT_S))
        return self.lines[-1]

    @property
    def ca(self):
        """What a user puts on a board; it is there before the first line."""
        return self._ca_file.read_bytes()

    def device(self, **changes):
        return TestDevice(self.url, self.ca, **changes)

    def end(self, number=signal.SIGINT):
        """The exit code and what was on stderr."""
        self.process.send_signal(number)
        code = self.process.wait(WAIT_S)
        return code, self.process.stderr.read()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait(WAIT_S)
        self.process.stdout.close()
        self.process.stderr.close()


def test_serve_and_play_the_cloud(tmp_path):
    (tmp_path / "app.bin").write_bytes(b"the firmware")
    with Serve(tmp_path) as serve:
        assert serve.lines[0] == f"hub: {serve.url}" and serve.url.startswith("https://127.0.0.1:")
        assert serve.line() == f"cloud: {serve.url}/cloud/v1"
        assert serve.line() == f"cloud key: in {Path('build/hub.json')}"
        assert serve.line() == f"CA: {Path('build/hub-ca.der')}"
        assert serve.line() == f"license key: {Path('build/hub-license-key.der')}"
        assert serve.line() == f"page: {serve.url}/ (its key: python -m tools.hub page)"
        left = tmp_path / "build" / "hub.json"
        assert stat.S_IMODE(left.stat().st_mode) == 0o600
        (address,) = json.loads(left.read_text())
        assert address["hub"] == serve.url and base64.b64decode(address["ca"]) == serve.ca
        key = address["key"]

        assert run_alone(tmp_path, "devices").stdout == "no devices\n"
        device = serve.device()
        assert serve.line().startswith(f"registered {device.id}")
        published = run_alone(tmp_path, "publish", "1.1.0", "--file", "app.bin", "--notes", "Faster")
        assert published.returncode == 0 and published.stdout.startswith("published 1.1.0: app.bin, 12 bytes")
        assert serve.line().startswith("published")
        assert device.send({"temperature": 21.5}).json()["latest_fw_version"] == "1.1.0"
        line = serve.line()
        assert line.startswith(f"telemetry {device.id}") and '"temperature":21.5' in line and '"1.1.0"' in line
        file = device.request("GET", "/files").json()[0]
        assert (file["name"], file["public_notes"]) == ("app.bin", "Faster")
        assert call("GET", file["url"], serve.ca).content == b"the firmware"
        assert serve.line().startswith("download")

        listed = run(tmp_path, "devices").stdout.splitlines()
        assert len(listed) == 1 and all(text in listed[0] for text in (device.id, "SN-1", "1.0.0", "online"))
        shown = run(tmp_path, "show", device.id)
        assert shown.returncode == 0 and '"temperature": 21.5' in shown.stdout
        assert run(tmp_path, "delete", device.id).stdout == f"deleted {device.id}\n"
        assert serve.line().startswith(f"deleted {device.id}")
        assert device.send().status_code == 401
        line = serve.line()
        assert line.startswith(f"refused {device.id}") and "401" in line
        device.close()

        assert serve.end() == (0, "")
        assert not left.exists()
        output = "\n".join(serve.lines)
        assert not any(secret in output for secret in (key, device.key, IDENTITY["hardware_key"]))


def test_play_the_cloud_with_one_device(tmp_path):
    """Each command once, and that the device gets what it is about."""
    with Serve(tmp_path) as serve:
        device = serve.device()

        def get(path):
            return device.request("GET", path).json()

        def do(command, *arguments):
            """What the command printed: a JSON object for each line."""
            outcome = run(tmp_path, command, device.id, *arguments)
            assert (outcome.returncode, outcome.stderr) == (0, ""), outcome
            return [json.loads(line) for line in outcome.stdout.splitlines()]

        (queued,) = do("command", "reboot", '{"delay": 3}')
        assert get("/command")["parameters"] == {"delay": 3}
        assert do("commands") == [queued]
        assert do("cancel", queued["id"])[0]["status"] == "cancelled" and get("/command") == {}

        (config,) = do("set-config", '{"interval": 5}', "--name", "Summer")
        assert get("/config") == config == do("config")[0] and config["name"] == "Summer"
        assert do("configs") == [config | {"by": "cloud"}]

        (given,) = do("give-license", "feature=a", "--expires-at", "2031-08-04T07:45:44.122Z")
        assert get("/license")["data"] == "feature=a" and given["expires_at"] == "2031-08-04T07:45:44.122Z"
        key = load_der_public_key((tmp_path / "build/hub-license-key.der").read_bytes())
        key.verify(base64.b64decode(given["signature"]), b"feature=a", PKCS1v15(), SHA256())
        (changed,) = do("update-license", given["id"], "--data", "b", "--no-expiry", "--signature", "forged")
        assert (changed["data"], changed["expires_at"], changed["signature"]) == ("b", None, "forged")
        do("take-license", given["id"])
        assert get("/license")["action"] == "remove" == do("licenses")[0]["action"]

        do("set-info", "--name", "Pump", "--details", '{"row": 3}', "--sub-model", "B")
        assert (get("")["name"], get("")["details"], get("")["info_version"]) == ("Pump", {"row": 3}, 1)
        assert do("claim", '{"name": "Hall"}')[0]["name"] == "Hall" == get("/space")["name"]
        incident = {"title": "T", "issue": "i", "priority": 1, "description": "d"}
        device.request("POST", "/incidents", json=incident)
        assert do("close-incident", do("incidents")[0]["id"])[0]["status"] == "closed"
        do("unclaim")
        assert device.request("GET", "/space").status_code == 404

        device.request("POST", "/events", json={"name": "\x1b[31m", "category": "c"})
        assert do("events")[0]["name"] == "\x1b[31m" and "\x1b" not in run(tmp_path, "events", device.id).stdout
        dump = device.request("POST", "/dumps/text%2Fplain/a", content=b"\xff\x00").json()["id"]
        assert do("dumps")[0]["id"] == dump and do("dump", dump, "--output", "dump.bin") == []
        assert (tmp_path / "dump.bin").read_bytes() == b"\xff\x00"
        assert do("cloud-settings") == [{"incidents.suspend_creation": False}]
        assert run(tmp_path, "children", device.id).stdout == "none\n"
        child = device.request("POST", "/children", json={"model_id": "m", "firmware_version": "1.0.0"}).json()["id"]
        assert do("children")[0]["id"] == child and "no serial number" in run(tmp_path, "devices").stdout
        (tmp_path / "a.wav").write_bytes(b"beep")
        assert run(tmp_path, "publish-file", "a.wav", "--file-type", "sound").stdout.startswith("published a.wav, 4 b")
        assert get("/files")[0]["file_type"] == "sound"

        for arguments, word in (
            (("command", device.id, "x", "{"), "JSON"),
            (("command", device.id, "x", '{"a": NaN}'), "JSON"),
            (("set-config", device.id, "[]"), "config"),
            (("claim", "nobody"), "id"),
            (("cancel", device.id, "no/thing"), "path"),
            (("dump", device.id, dump, "--output", "no/folder"), "no/folder"),
            (("give-license", device.id, "a", "--expires-at", "tomorrow"), "expires_at"),
            (("publish-file", "missing.wav"), "missing.wav"),
        ):
            failed(run(tmp_path, *arguments), word)
        device.close()
        assert serve.end() == (0, "")


def test_sigterm_and_a_database(tmp_path):
    arguments = ["--database", "hub.db", "--cloud-key", "mine", "--hardware-key", "hw-1", "--hardware-key", "hw-2"]
    with Serve(tmp_path, *arguments) as serve:
        device = serve.device(hardware_key="hw-2")
        with pytest.raises(Exception, match="403"):
            serve.device(sn="SN-2")
        port = serve.url.rpartition(":")[2]
        assert serve.end(signal.SIGTERM) == (0, "")
    with Serve(tmp_path, *arguments, "--port", port) as serve:
        assert serve.url.endswith(f":{port}")
        assert device.send().status_code == 200
        # From another folder, where no hub left its address.
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        there = ["devices", "--ca", str(tmp_path / "build" / "hub-ca.der"), "--hub", serve.url]
        assert device.id in run(elsewhere, *there[:-1], serve.url + "/", "--key", "mine").stdout
        assert device.id in run(elsewhere, *there, HUB_KEY="mine").stdout
        assert device.id in run(tmp_path, "devices").stdout
        failed(run(elsewhere, "devices", "--hub", serve.url, "--key", "mine"), "certificate")  # whom should it trust?
        for outcome in (
            run(elsewhere, "devices"),
            run(elsewhere, *there),
            run(elsewhere, *there, "--key", "wrong"),
            run(tmp_path, "devices", "--hub", serve.url.replace("127.0.0.1", "localhost")),  # its key is not sent there
            run(tmp_path, "devices", HUB_KEY="wrong"),
        ):
            failed(outcome, "key")
        device.close()


def test_a_kept_ca_is_the_same_for_years(tmp_path):
    """Boards hold it: with a database it stays, without one every hub has its own."""
    with Serve(tmp_path, "--database", "hub.db") as serve:
        kept = serve.ca
        serve.device(sn="SN-8").close()
        license_key = (tmp_path / "build/hub-license-key.der").read_bytes()
        key_file = tmp_path / "hub.db.ca.pem"
        assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
        assert subprocess.run(["git", "check-ignore", "-q", "hub.db.ca.pem"], cwd=ROOT).returncode == 0
    with Serve(tmp_path, "--database", "hub.db") as serve:
        assert serve.ca == kept
        serve.device(sn="SN-9").close()
        assert (tmp_path / "build/hub-license-key.der").read_bytes() == license_key
    with LocalHub(tls=True) as hub:
        assert hub.ca != kept


def test_a_plain_hub(tmp_path):
    with Serve(tmp_path, "--plain") as serve:
        assert serve.url.startswith("http://127.0.0.1:")
        device = TestDevice(serve.url)
        assert device.id in run(tmp_path, "devices").stdout
        assert not (tmp_path / "build" / "hub-ca.der").exists()
        assert "ca" not in json.loads((tmp_path / "build/hub.json").read_text())[0]
        device.close()


def failed(outcome, word):
    """What a command said that failed as commands do: one line on stderr, exit code 1."""
    assert (outcome.returncode, outcome.stdout, outcome.stderr.count("\n")) == (1, "", 1), outcome
    assert outcome.stderr.startswith("hub: ") and word in outcome.stderr, outcome.stderr
    return outcome.stderr


def test_errors_are_one_line(tmp_path):
    (tmp_path / "text.db").write_text("no database " * 1000)
    (tmp_path / "empty.bin").write_bytes(b"")
    failed(run_alone(tmp_path), "COMMAND")
    failed(run(tmp_path, "fly"), "fly")
    failed(run(tmp_path, "publish"), "version")
    failed(run_alone(tmp_path, "devices"), "no hub")
    failed(run(tmp_path, "devices", "--hub", "http://127.0.0.1:1", "--key", "k"), "127.0.0.1:1")
    nowhere = ["devices", "--hub", "https://127.0.0.1:1", "--key", "k"]
    failed(run(tmp_path, *nowhere), "127.0.0.1:1")
    failed(run(tmp_path, *nowhere, "--ca", "missing.der"), "missing.der")
    failed(run(tmp_path, *nowhere, "--ca", "text.db"), "text.db is no certificate")
    (tmp_path / "bad-ca.db.ca.pem").write_text("no CA")
    failed(run(tmp_path, "serve", "--database", "bad-ca.db"), "bad-ca.db.ca.pem holds no CA")
    failed(run(tmp_path, "devices", "--hub", "not a url", "--key", "k"), "not a url")
    failed(run(tmp_path, "devices", "--hub", "ftp://[", "--key", "k"), "ftp")
    (tmp_path / "bad-key.db.maker.pem").write_text("no key")
    failed(run(tmp_path, "serve", "--database", "bad-key.db"), "bad-key.db.maker.pem holds no RSA key")
    failed(run(tmp_path, "serve", "--port", "x"), "--port")
    failed(run(tmp_path, "serve", "--port", "70000"), "70000")
    failed(run(tmp_path, "serve", "--host", "999.0.0.1"), "999.0.0.1")
    failed(run(tmp_path, "serve", "--database", "text.db"), "database")
    failed(run(tmp_path, "serve", "--database", "no/folder/hub.db"), "database")
    with Serve(tmp_path) as serve:
        port = serve.url.rpartition(":")[2]
        failed(run(tmp_path, "serve", "--port", port), port)
        assert "Value error" not in failed(run(tmp_path, "publish", "1.1"), "version: a SemVer")
        failed(run(tmp_path, "publish", "1.1.0", "--file", "missing.bin"), "missing.bin: no such file; `make bundle")
        failed(run(tmp_path, "publish", "1.1.0", "--file", "empty.bin"), "body")
        failed(run(tmp_path, "show", "no/body"), "no")
        failed(run(tmp_path, "delete", "nobody"), "id")
        assert (tmp_path / "build" / "hub.json").exists()  # the one that runs is still found


def test_what_answers_is_no_hub(tmp_path):
    """A server that answers something else: no traceback."""
    import http.server

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        failed(run_alone(tmp_path, "devices", "--hub", url, "--key", "k"), "not a hub")
        server.shutdown()


def test_the_later_hub_is_the_one_that_is_found(tmp_path):
    """And the one before it again, as soon as that has ended, however that was."""

    file = tmp_path / "build" / "hub.json"
    with Serve(tmp_path, "--plain") as first, Serve(tmp_path, "--plain") as second, Serve(tmp_path, "--plain") as third:
        assert run(tmp_path, "page").stdout.startswith(third.url + "/")
        third.process.kill()
        third.process.wait()
        assert run(tmp_path, "page").stdout.startswith(second.url + "/")
        second.end()
        assert run(tmp_path, "page").stdout.startswith(first.url + "/")
        assert run(tmp_path, "devices", "--hub", first.url).stdout == "no devices\n"
        first.end()
        assert not file.exists()
    for content in ('{"hub": "http://127.0.0.1:1", "key": "k"}', "[7]", "{"):
        file.write_text(content)
        failed(run_alone(tmp_path, "devices"), "no hub is running here")
