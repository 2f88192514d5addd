"""What the hub's answers do to the board."""

import os

from config_case import Case
from fakes import Response
from rig import ACCEPTED, Rig
from telemetry import errors
from telemetry import hub as hub_module

GET = "GET /config"


def test_a_configuration_that_the_hub_has_not_at_hand_yet_is_not_skipped():
    case = Case()
    case.hub.set_config(mode="day")
    case.steps()
    case.hub.set_config(mode="night")
    case.hub.faults.append((GET, {"version": 1, "config": {"mode": "day"}}))
    assert case.steps().count(GET) == 1
    case.steps(2)
    assert case.agent.config.get("mode") == "night" and case.hub.told["config_version"] == 2
    assert GET not in case.steps(3)


def test_a_version_beyond_all_that_come_hides_none_of_them():
    case = Case()
    case.hub.set_config(mode="day")
    reply = case.hub.reply
    case.hub.reply = lambda: dict(reply(), config_version=1 << 31)
    case.steps(2)
    case.hub.reply = reply
    case.hub.set_config(mode="night")
    case.steps(2)
    assert case.agent.config.get("mode") == "night"


class Thirsty:
    """A hub one of whose answers takes more memory than there is."""

    def __init__(self, path, error):
        self.path = path
        self.error = error
        self.asked = []

    def request(self, method, url, data=None, headers=None, timeout=None):
        path = url.split("/d-1")[1]
        self.asked.append(path)
        if path == "/telemetry":
            return Response(200, {"config_version": 3, "command": True, "new_licenses": True, "space_data_version": 1})
        if path == self.path:
            raise self.error
        return Response(200, {"version": 3, "config": {}} if path == "/config" else {})


def test_an_answer_too_large_for_the_memory_neither_restarts_the_board_nor_keeps_it_from_the_rest():
    for error in (MemoryError(), errors.NetworkError("x"), errors.BodyTooLarge("x"), OSError(104)):
        for path in ("/config", "/license", "/command", "/space"):
            for name in os.listdir():
                os.remove(name)
            hub = Thirsty(path, error)
            rig = Rig(requests=hub)
            for _ in range(20):
                rig.ticks.now += int(rig.agent.step() * 1000)
                assert rig.agent._starved < 3
            # A configuration that has no room here is refused, by an incident, and not asked for again.
            is_refused = path == "/config" and isinstance(error, errors.BodyTooLarge)
            least, most = (1, 1) if is_refused else (2, 11)
            assert hub.asked.count("/telemetry") == 20 and least <= hub.asked.count(path) <= most
            others = {"/incidents"} if is_refused else set()
            expected = {"/telemetry", "/config", "/license", "/command", "/space", ""} | others
            assert set(hub.asked) == expected, (path, hub.asked)


def test_a_key_that_one_endpoint_does_not_take_keeps_nothing_else_from_being_done():
    hub = Thirsty("/config", None)
    answer = hub.request

    def request(method, url, data=None, headers=None, timeout=None):
        if "/d-1" not in url:
            return Response(422, {"error": "sn: known"})
        if url.endswith("/config"):
            return Response(401, {"error": "no"})
        return answer(method, url, data, headers, timeout)

    hub.request = request
    rig = Rig(requests=hub)
    for _ in range(10):
        rig.ticks.now += int(rig.agent.step() * 1000)
    assert {"/telemetry", "/license", "/command", "/space"} <= set(hub.asked)


def test_a_telemetry_reply_that_takes_all_the_memory_is_not_read():
    parsed = []
    real = hub_module.parsed
    hub_module.parsed = lambda content, *where: parsed.append(len(content)) or real(content, *where)
    try:
        rig = Rig((200, b"[" + b"[]," * 4000 + b"0]"), ACCEPTED)
        assert all(wait > 50 for wait in rig.steps(2))
    finally:
        hub_module.parsed = real
    assert len(parsed) == 1 and parsed[0] < 100


def test_a_clock_that_was_set_wrong_does_not_keep_every_certificate_from_being_valid_for_a_day():
    rig = Rig(errors.TlsError("the certificate validity starts in the future"))
    asked = []

    class Ntp:
        host = ""

        def time(self):
            asked.append(self.host)
            raise OSError(110)

    clock = rig.agent.clock
    clock.ntp = Ntp()
    clock.servers = ("pool",)
    clock.sync_at = 24 * 3600  # it was set just now, by a server that lies
    for _ in range(20):
        rig.ticks.now += 300 * 1000
        rig.agent.step()
    assert 1 <= len(asked) < 20


def test_without_a_server_that_has_the_time_none_is_asked():
    rig = Rig(errors.TlsError("not trusted"))
    for _ in range(20):
        rig.ticks.now += 300 * 1000
        rig.agent.step()
    assert "clock" not in rig.agent._said
