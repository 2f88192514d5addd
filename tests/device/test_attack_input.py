"""Input that is right by its form, and made to hurt; each of these once did."""

import gc
import time

from config_hub import Hub
from fakes import Response
from rig import IDENTITY, Rig
from support import raises
from telemetry import answer, api, clock, errors, identity, licenses, rest

TELL = "PUT /"


def test_a_long_id_is_no_part_of_a_path():
    assert api.quoted(("a" * 255,)) == ("a" * 255,)
    raises(errors.ReplyError, api.quoted, ("a" * 256,))


def test_a_long_identity_or_key_is_none():
    for name in ("id", "access_key", "hub_url"):
        raises(errors.ReplyError, identity.checked, dict(IDENTITY, **{name: "http://" + "a" * 1000}))


def test_of_the_characters_of_a_text_none_is_kept():
    korean = "".join([chr(0xD000 + n) for n in range(0x7A4)]).encode()
    api.paired(korean[:600])
    gc.collect()
    before = gc.mem_alloc()
    assert api.paired(korean) == korean
    gc.collect()
    assert gc.mem_alloc() - before < 1024


class Full:
    """A session whose board has no room for what comes."""

    def __init__(self, room):
        self.room = room
        self.sent = b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n"

    def readinto(self, buffer, most):
        if not self.room:
            raise MemoryError
        count = min(most, len(self.sent) or self.room)
        buffer[:count] = self.sent[:count] or b"x" * count
        self.room -= 0 if self.sent else count
        self.sent = self.sent[count:]
        return count

    def left_ms(self):
        return 1

    def close(self):
        pass


def test_a_body_that_memory_does_not_hold_is_too_large():
    for room, error in ((5000, errors.BodyTooLarge), (200, MemoryError)):  # a short one is no attack
        reader = answer.Answer(Full(room))
        reader.begins()
        raises(error, reader.read, "GET", 16384)


def test_who_is_done_with_an_answer_holds_nothing_of_it():
    reader = answer.Answer(Full(9000))
    reader.begins()
    reader.read("GET", 16384).close()
    assert reader.response is None


def test_of_a_large_head_nothing_is_kept():
    session = Full(100)
    session.sent = b"HTTP/1.1 200 OK\r\nX: " + b"y" * 7000 + b"\r\nContent-Length: 0\r\n\r\n"
    reader = answer.Answer(session)
    reader.begins()
    reader.read("GET", 100)
    assert not reader._said


def test_what_is_said_of_a_key_that_is_none_can_be_read():
    error = raises(errors.ReplyError, identity.token, "key", "a b")
    assert str(error) == "key: expected a text of visible ASCII characters"


def test_a_configuration_for_which_there_was_no_memory_is_asked_for_again():
    hub = Hub()
    rig = Rig(requests=hub)
    hub.set_config(mode="day")
    hub.faults.append(("GET /config", errors.BodyTooLarge("no memory for the answer")))
    for _ in range(3):
        rig.ticks.now += 3700 * 1000
        rig.agent.step()
    assert rig.agent.config.get("mode") == "day" and not hub.incidents


def test_what_json_has_no_number_for_is_no_part_of_the_space():
    hub = Hub()
    rig = Rig(requests=hub)
    respond = hub.request

    def request(method, url, *more, **others):
        if url.endswith("/space"):
            return Response(200, b'{"name": "attic", "height": 1e999, "location": {"utc_offset": 60, "lat": 1}}')
        return respond(method, url, *more, **others)

    hub.request = request
    hub.claim(name="attic")
    rig.ticks.now += 3700 * 1000
    rig.agent.step()
    again = Rig(requests=hub, registered=False).agent
    assert again.space["name"] == "attic" and again.utc_offset == 60


def test_no_server_silences_what_is_told_of_the_device_for_longer_than_an_hour():
    hub = Hub()
    rig = Rig(requests=hub)
    rig.agent.facts["details"] = {"a": 1}
    hub.faults.append((TELL, (429, {})))
    respond = hub.request

    def request(method, url, *more, **others):
        response = respond(method, url, *more, **others)
        response.headers = {"Retry-After": "999999999"}
        return response

    hub.request = request
    for _ in range(3):
        rig.ticks.now += 3700 * 1000
        rig.agent.step()
    assert hub.told.get("details") == {"a": 1}


def test_a_hub_sets_no_clock_to_a_time_long_past():
    times = []
    a_clock = clock.Clock((), None, times.append)
    a_clock.timestamp = lambda ago_ms=0: None
    for text in ("0000-01-01T00:00:00Z", "1970-01-01", "2000-01-01T00:00:00Z", "2024-12-31", "9999-01-01"):
        licenses._heed_time(a_clock, text)
    assert not times and not a_clock.at_least
    licenses._heed_time(a_clock, "2026-01-01T00:00:00Z")
    assert time.gmtime(times[0])[:3] == (2026, 1, 1)


class Starved:
    """A JSON parser without memory."""

    def loads(self, text):
        raise MemoryError


def test_only_an_answer_of_unusual_length_is_blamed_for_the_memory_it_takes():
    real = rest.json
    rest.json = Starved()
    try:
        raises(errors.BodyTooLarge, rest.parsed, b"[" * 1000, "GET", "/")
        raises(MemoryError, rest.parsed, b"{}" * 100, "GET", "/")
    finally:
        rest.json = real
