"""A whole agent before a hub that answers anything at all, and afterwards before one that behaves.

Answers are what `data` is split into at the byte 0x1f, behind a first byte of options: a status of three digits, or
what goes wrong in three letters, and the body.
"""

import builtins
import gc
import json
import os
import time

from chip import Board, Restart, Ticks
from telemetry import agent as agent_module
from telemetry import clock as clock_module
from telemetry import errors, licenses, notifier, once, store
from telemetry.agent import Agent
from telemetry.clock import Clock
from telemetry.hub import Hub
from telemetry.registration import Registration

_KEY = "key-never-to-be-shown"
_PASSWORD = "password-never-shown"
_STEPS = 40  # for each lie: a registration that was refused waits half an hour
_ASKED_MOST = 40  # requests in one step
_FILE_MOST = 16 * 1024
_FAILURES = {
    "net": errors.NetworkError,
    "tim": errors.TimedOut,
    "una": errors.Unanswered,
    "big": errors.BodyTooLarge,
    "mem": MemoryError,
    "oss": OSError,
    "idx": IndexError,
}
_IDENTITY = {"id": "d-1", "access_key": _KEY, "hub_url": "http://hub", "entry_url": "http://entry"}
_SETTINGS = {"wifi_ssid": "n", "wifi_password": _PASSWORD, "entry_url": "http://entry", "hardware_key": "hk"}
said = []


class _Answer:
    def __init__(self, status, content):
        self.status_code = status
        self.content = bytearray(content[:_FILE_MOST])
        self.headers = {"Retry-After": content[:12].decode()} if content[:1].isdigit() else {}

    def close(self):
        pass


class _Liar:
    """urequests' `request`: the lies in their order, then what a hub says that wants nothing."""

    def __init__(self, data):
        self.lies = bytes(data).split(b"\x1f") if data else []
        self.asked = self.accepted = 0

    def request(self, method, url, data=None, headers=None, timeout=None):
        self.asked += 1
        assert timeout and all(33 <= c < 127 for c in (method + url).encode()), url
        assert all(33 <= c < 127 for c in headers.get("Authorization", "x").encode())
        if data and headers["Content-Type"] == "application/json":
            json.loads(data)
        if self.lies:
            lie = self.lies.pop(0)
            kind = lie[:3]
            if kind.isdigit() and 200 <= int(kind) < 600:
                return _Answer(int(kind), lie[3:])
            for name in _FAILURES:
                if kind == name.encode():
                    raise _FAILURES[name]("lie")
            return _Answer(200, lie)
        if url.endswith("/telemetry"):
            self.accepted += 1
        if method == "POST" and url.endswith("/devices"):
            return _Answer(200, json.dumps(_IDENTITY).encode())
        if url.endswith("/children"):
            return _Answer(200, b'{"id": "c-1", "access_key": "k"}')
        return _Answer(200, b"[]" if url.endswith("/files") else b"{}")


def _set_time(seconds):
    assert 2025 <= time.gmtime(seconds)[0] < 2100, seconds


def _not_verified(module, name, *arguments):
    return None if module == "signature" else once(module, name, *arguments)


def _build(liar, options):
    ticks = Ticks()
    agent_module.ticks_ms = clock_module.ticks_ms = notifier.ticks_ms = ticks
    agent_module.sleep_ms = ticks.sleep
    own = dict(_SETTINGS, maker_key="MIIAAA==" if options & 8 else None)
    if options & 16:
        own["outbox"] = {"in": "flash"}
    settings = once("settings", "checked", own)
    clock = Clock((), None, _set_time)
    if options & 2:
        clock.timestamp = lambda ago_ms=0: None
    hub = Hub("http://entry", 10, liar)
    if not options & 4 and not once("store", "exists", "identity.json"):
        once("store", "save", "identity.json", dict(_IDENTITY, firmware_version="1.0.0"))
    registration = Registration(hub, "identity.json", clock, {"sn": "SN", "firmware_version": "1.0.0"})
    agent = Agent(hub, Board(), clock, registration, settings, "")
    agent.guard("flash", once, "start", "keep", agent)
    _add(agent, options & 1)
    return agent, ticks


def _add(agent, with_child):
    @agent.telemetry
    def read():
        return {"claimed": agent.claimed, "licensed": agent.licensed("recording"), "at": agent.utc_offset + 1 > 0}

    @agent.on_config
    def apply(config):
        json.dumps(config)

    @agent.command("blink")
    def blink(parameters):
        return json.dumps(parameters)

    if with_child:
        lamp = agent.child("lamp", model_id="m", firmware_version="1.0.0")

        @lamp.telemetry
        def level():
            return {"level": 5}


def _step(agent, ticks):
    before = agent.hub.requests.asked
    seconds = agent.step()
    assert 0 <= seconds <= 3961, seconds
    assert agent.hub.requests.asked - before <= _ASKED_MOST, agent.hub.requests.asked - before
    ticks.now += int(seconds) * 1000 + 1000


def _until_accepted(agent, ticks):
    requests = agent.hub.requests
    for _ in range(_STEPS * (1 + len(requests.lies))):
        _step(agent, ticks)
        if requests.accepted > 1 and not requests.lies:
            break
    else:
        raise AssertionError("no telemetry any more")
    for _ in range(3):
        ticks.now += 3700 * 1000
        _step(agent, ticks)
    agent.licensed("recording")
    assert isinstance(agent.space, dict) and isinstance(agent.info, dict)
    agent.config.get("x")
    assert isinstance(agent.utc_offset, int) and isinstance(agent.temperature_units, (str, type(None)))


def _check_files(folder_names):
    for name in folder_names:
        assert not name.endswith(".new"), name
        assert os.stat(name)[6] <= _FILE_MOST, name
        if name.endswith(".json"):
            store.load(name)


def _empty(folder):
    for name in os.listdir(folder or "."):
        if name == "outbox":
            _empty("outbox/")
        else:
            os.remove(folder + name)


def lived(data):
    """Steps of an agent until the lies are over and telemetry is accepted again, and of another over the same files."""
    options = data[0] if data else 0
    _empty("")
    said.clear()
    real, checked = builtins.print, licenses.once
    printed = errors.print_exception
    errors.log.clear()
    builtins.print = lambda *words: said.append(" ".join(str(word) for word in words))
    errors.print_exception = lambda error, file=None: said.append(repr(error))
    if options & 8:
        licenses.once = _not_verified
    try:
        lies = bytes(data[1:])
        liar = _Liar(lies)
        for _ in range(len(liar.lies) + 1):
            try:
                _until_accepted(*_build(liar, options))
                break
            except Restart:
                pass
        _check_files(os.listdir())
        gc.collect()
        _until_accepted(*_build(_Liar(b""), options))
        _check_files(os.listdir())
    finally:
        builtins.print = real
        errors.print_exception = printed
        licenses.once = checked
    for line in said:
        assert _PASSWORD not in line and (_KEY not in line or _KEY.encode() in lies), line
