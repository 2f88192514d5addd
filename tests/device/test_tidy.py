"""What a power cut leaves behind is cleaned up at the next start, and nothing else is."""

import os

from rig import ACCEPTED, Rig
from telemetry import store

OLD, NEW = {"n": 1}, {"n": 2}
TORN = ("", '{"crc32": "0', '{"crc32": "01234567", "n": 3}', "\x00" * 40)


def put(name, text):
    with open(name, "wb") as file:
        file.write(text if isinstance(text, bytes) else text.encode())


def whole(data):
    store.save("any.json", data)
    with open("any.json", "rb") as file:
        text = file.read()
    os.remove("any.json")
    return text


def emptied():
    for name in os.listdir("."):
        os.remove(name)


def listed():
    return sorted(os.listdir("."))


def test_the_old_one_is_whole():
    for name in ("config.json", "starts.json", "outbox.json", "slots.json", "update.json", "lamp.identity.json"):
        for beside in TORN + (whole(NEW),):
            emptied()
            put(name, whole(OLD))
            put(name + ".new", beside)
            store.tidy("")
            assert listed() == [name] and store.load(name) == OLD


def test_only_the_new_one_is_whole():
    for old in TORN + (None,):
        emptied()
        if old is not None:
            put("config.json", old)
        put("config.json.new", whole(NEW))
        store.tidy("")
        assert listed() == ["config.json"] and store.load("config.json") == NEW


def test_neither_is_whole():
    for old in TORN + (None,):
        for new in TORN:
            emptied()
            if old is not None:
                put("config.json", old)
            put("config.json.new", new)
            store.tidy("")
            assert listed() == ([] if old is None else ["config.json"])


def test_what_is_not_ours_stays():
    emptied()
    names = [
        ".json.new",
        "app.json",
        "config.json.bak",
        "config.new",
        "json.new",
        "mine.json.new",
        "new",
        "x.y.json.new",
    ]
    for name in names:
        put(name, "mine")
    os.mkdir("folder.json.new")
    store.tidy("")
    assert listed() == sorted(names + ["folder.json.new"])
    os.rmdir("folder.json.new")


def test_the_only_copy_stays_while_the_flash_cannot_be_written():
    emptied()
    put("config.json.new", whole(NEW))
    real = store.os

    def fails(*arguments):
        raise OSError(30)

    class ReadOnly:
        rename = remove = staticmethod(fails)

        def __getattr__(self, name):
            return getattr(real, name)

    store.os = ReadOnly()
    store.open = lambda path, mode: fails() if "w" in mode else open(path, mode)  # noqa: SIM115
    try:
        store.tidy("")
    finally:
        store.os = real
        del store.open
    assert store.load("config.json") == NEW


def test_a_start_tidies():
    emptied()
    put("config.json.new", "")
    rig = Rig(ACCEPTED)
    put("space.json.new", "torn")
    rig.agent.step()
    assert not [name for name in listed() if name.endswith(".new")]
