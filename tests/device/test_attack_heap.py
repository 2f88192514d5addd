"""Input that takes more memory than there is, or deeper calls."""

import gc

from rig import ACCEPTED, Rig
from support import raises
from telemetry import api, errors, settings

INTERPRETERS = ["micropython"]  # CPython's JSON has a limit of its own
DEEP = b"[" * 4000


def ballast():
    """What leaves about as much room as an ESP32 has."""
    gc.collect()
    return [bytearray(4096) for _ in range((gc.mem_free() - 120000) // 4200)]


def test_settings_that_are_nested_for_ever_are_told():
    for text in (
        DEEP,
        b'{"entry_url": ' + DEEP[:3000] + b"]" * 3000 + b"}",
        b'{"ca": [' + b"[]," * 3000 + b"0]}",
    ):
        with open("settings.json", "wb") as file:
            file.write(text)
        hold = ballast() if text[0] == 0x5B else None
        raises(errors.SettingsError, settings.load, "settings.json")
        del hold


def test_a_reply_that_memory_does_not_hold_does_not_starve_the_board():
    rig = Rig((200, DEEP), (200, b"[" + b"[]," * 1300 + b"0]"), ACCEPTED)
    hold = ballast()
    for _ in range(2):
        rig.ticks.now += int(rig.agent.step() * 1000)
        assert not rig.agent._starved
    del hold
    assert rig.agent.step() > 50 and rig.agent._starved == 0


def test_a_long_id_takes_little_more_than_it_is_long():
    text = (b"\xf0\x9f\x98\x80" * 255).decode()
    api.quoted(("a",))
    gc.collect()
    hold: list = []
    while gc.mem_free() > 24000:
        hold.append(bytearray(512))
    assert len(api.quoted((text,))[0]) == 255 * 12
    del hold
