import json
import os
import sys
from binascii import crc32

from support import raises
from telemetry import once, spool
from telemetry.errors import StoreError
from telemetry.outbox import opened, waits
from waiting import HandClock, body, drained, numbers, put


def flash(size=16384, is_set=True):
    return opened(HandClock(is_set), {"in": "flash", "size": size, "policy": "history"}, "")


def away(outbox, many, called="", more=""):
    """An outage: samples each minute."""
    start = outbox.count + outbox.dropped
    for n in range(start, start + many):
        outbox.clock.passes(60)
        put(outbox, n, called, more)
        outbox.rest()


def files():
    return sorted(os.listdir("outbox")) if "outbox" in os.listdir() else []


def on_flash():
    """Bytes of the largest file, and of all."""
    sizes = [os.stat("outbox/" + name)[6] for name in files()]
    return max(sizes or [0]), sum(sizes)


def test_what_waits_is_sent_after_a_restart_with_its_time():
    outbox = flash()
    away(outbox, 100)
    outbox.clock.passes(600)
    outbox.rest()
    assert waits("")
    outbox = flash()
    assert outbox.count == 100
    sent = drained(outbox)
    assert numbers(sent) == list(range(100))
    assert sent[0][2] == "2026-01-01T00:01:00.000Z" and sent[-1][2] == "2026-01-01T01:40:00.000Z"
    assert (outbox.count, outbox.dropped) == (0, 0)
    assert files() == [] and not waits("")
    assert flash().first() is None


def test_a_restart_loses_a_batch_at_most():
    outbox = flash()
    away(outbox, 100)
    assert 100 - 12 <= flash().count <= 100


def test_a_deliberate_restart_loses_nothing():
    outbox = flash()
    away(outbox, 17)
    outbox.rest(True)
    outbox.rest(True)
    assert numbers(drained(flash())) == list(range(17)) and files() == []


def test_people_can_read_it():
    outbox = flash()
    put(outbox, 1)
    put(outbox, 2, "child")
    outbox.clock.passes(600)
    outbox.rest()
    with open("outbox/1") as file:
        lines = [line.split(" ", 2) for line in file]
    stamp = "2026-01-01T00:00:00.000Z"
    assert [(called, json.loads(text)) for _, called, text in lines] == [
        ("", {"status": "online", "telemetries": {"n": 1}, "timestamp": stamp}),
        ("child", {"status": "online", "telemetries": {"n": 2}, "timestamp": stamp}),
    ]
    assert all(len(check_sum) == 8 for check_sum, _, _ in lines)


def test_writes_are_few():
    outbox = flash()
    written = set()
    for _ in range(150):
        away(outbox, 1)
        written.add((len(files()), on_flash()[1]))
    assert len(written) <= 17
    assert on_flash()[0] <= 4096


def test_nothing_is_written_when_the_hub_is_back_within_a_batch():
    outbox = flash()
    away(outbox, 5)
    assert numbers(drained(outbox)) == [0, 1, 2, 3, 4]
    outbox.clock.passes(6000)
    outbox.rest()
    assert files() == []


def test_what_is_in_memory_goes_after_what_is_on_flash():
    outbox = flash()
    away(outbox, 105)
    sent = []
    while outbox.count:
        sent += numbers(drained(outbox, 10))
        put(outbox, 105 + len(sent)) if len(sent) < 60 else None
    assert sent[:105] == list(range(105)) and sent == sorted(sent)
    assert len(sent) == 105 + 5 and files() == []


def test_how_far_it_was_sent_is_kept():
    outbox = flash()
    away(outbox, 120)
    outbox.clock.passes(600)
    outbox.rest()
    sent = []
    while outbox.count:
        sent += numbers(drained(outbox, 7))
        outbox = flash()
        assert outbox.count == 120 - len(sent)
    assert sent == list(range(120)) and files() == [] and outbox.dropped == 0


def test_without_rest_that_step_is_repeated_and_no_more():
    outbox = flash()
    away(outbox, 120)
    drained(outbox, 20)
    drained(outbox, 10, rest=False)
    again = numbers(drained(flash()))
    assert again[0] == 20 and again == list(range(20, 20 + len(again)))


def test_it_is_bounded_and_drops_the_oldest():
    for size in (512, 4096, 20000):
        outbox = flash(size)
        for _ in range(30):
            away(outbox, 20)
            assert on_flash()[1] <= size + 1024
            assert outbox.dropped + outbox.count == len(range(outbox.dropped + outbox.count))
        first = outbox.dropped
        outbox = flash(size)
        assert outbox.dropped == first
        left = numbers(drained(outbox))
        assert left and left == list(range(first, first + len(left)))
        assert outbox.dropped == first
        for name in os.listdir():
            os.remove(name) if "." in name else os.rmdir(name)


def test_a_message_longer_than_a_file():
    outbox = flash()
    big = b',"more":"' + b"m" * 4050 + b'"}}'
    for n in range(6):
        if n % 2:
            outbox.put(body(n).replace(b"}}", big), 0, "big")
        else:
            put(outbox, n, "", "y" * 900)
        outbox.rest()
    assert outbox.dropped == 0
    outbox.clock.passes(600)
    outbox.rest()
    assert [(called, n) for called, n, _ in drained(flash())] == [("big" if n % 2 else "", n) for n in range(6)]


def test_what_is_not_dated_waits_in_memory():
    outbox = flash(is_set=False)
    away(outbox, 50)
    assert files() == [] and outbox.count == 50 and outbox.first() is None
    outbox.clock.is_set = True
    outbox.clock.passes(600)
    outbox.rest()
    assert numbers(drained(flash())) == list(range(50))


def test_torn_and_foreign_things_are_passed_over():
    outbox = flash()
    away(outbox, 60)
    outbox.clock.passes(600)
    outbox.rest()
    names = files()
    assert len(names) >= 2
    with open("outbox/" + names[0], "rb") as file:
        first = file.read()
    lines = first.split(b"\n")
    lines[3] = lines[3].replace(b"online", b"onlime")
    lines[5] = b"rubbish"
    with open("outbox/" + names[0], "wb") as file:
        file.write(b"\n".join(lines))
    with open("outbox/" + names[1], "ab") as file:
        file.write(first[:50])  # torn
    for name, content in (
        ("7", b""),
        ("8", b"\xff" * 300),
        ("9", b"\x00\n" * 10),
        ("notes", b"mine"),
        ("-3", b"x"),
    ):
        with open("outbox/" + name, "wb") as file:
            file.write(content)
    with open("outbox/99999999999999999999", "wb") as file:
        file.write(first)  # of another file: its check sums are wrong here
    os.mkdir("outbox/12")
    os.mkdir("outbox/folder")
    outbox = flash()
    assert outbox.first()
    away(outbox, 20)
    outbox.clock.passes(600)
    outbox.rest()
    outbox = flash()
    before = outbox.count
    sent = numbers(drained(outbox))
    assert sent[:60] == [n for n in range(60) if n not in (3, 5)] + sent[58:60]
    assert len(sent) == 58 + 20
    assert outbox.count == 0 and before == len(sent) + outbox.dropped
    assert "notes" in files() and "-3" in files() and "folder" in files() and "7" not in files()
    assert flash().count == 0


def test_a_state_file_that_is_lost_or_foreign_costs_repeats_only():
    outbox = flash()
    away(outbox, 100)
    sent = numbers(drained(outbox, 50))
    for content in (None, b"", b"{}", b"\xff" * 100):
        os.remove("outbox.json")
        if content is not None:
            with open("outbox.json", "wb") as file:
                file.write(content)
        outbox = flash()
        assert outbox.first()
        outbox.put(body(0), 0)
        outbox.rest()
        if "outbox.json" not in os.listdir():
            break
    left = numbers(drained(outbox))
    assert set(left) >= set(range(50, 88)) and sent == list(range(50))


def test_a_number_is_never_used_again():
    # Else the position in the one file would be taken for one in the other.
    outbox = flash()
    away(outbox, 60)
    drained(outbox, 20)
    for name in files():
        os.remove("outbox/" + name)
    outbox = flash()
    assert outbox.count == 0
    away(outbox, 40)
    outbox.clock.passes(600)
    outbox.rest()
    assert numbers(drained(flash())) == list(range(40))


def test_dropped_survives_a_restart():
    outbox = flash(2048)
    away(outbox, 100)
    assert outbox.dropped > 50
    dropped, count = outbox.dropped, outbox.count
    outbox = flash(2048)
    assert outbox.dropped == dropped
    assert count - 12 <= outbox.count <= count
    left = outbox.count
    assert numbers(drained(outbox)) == list(range(dropped, dropped + left))
    assert flash(2048).dropped == dropped


class Failing:
    """In place of `open` in spool and store: a flash that does not take what is written."""

    def __init__(self):
        self.real = open
        self.fails = True
        self.opened = 0
        spool.open = self

    def __call__(self, path, mode="r"):
        if "r" not in mode:
            self.opened += 1
            if self.fails:
                raise OSError(28)
        return self.real(path, mode)

    def close(self):
        del spool.open


def test_a_flash_that_fails_is_told_once_and_all_goes_on_in_memory():
    outbox = flash()
    failing = Failing()
    try:
        errors = 0
        for n in range(300):
            put(outbox, n)
            outbox.clock.passes(60)
            try:
                outbox.rest()
            except StoreError as error:
                assert str(error).startswith("outbox: ")
                errors += 1
        assert errors == 1 and 10 < failing.opened <= 31
        assert outbox.count + outbox.dropped == 300 and outbox.count > 50
        assert sum(map(len, outbox._segments)) <= 8192
        failing.fails = False
        for n in range(300, 320):
            put(outbox, n)
            outbox.clock.passes(60)
            outbox.rest()
        failing.fails = True
        for n in range(320, 340):
            put(outbox, n)
            outbox.clock.passes(60)
            try:
                outbox.rest()
            except StoreError:
                errors += 1
        assert errors == 2  # it had worked in between
        left = numbers(drained(outbox))
        assert left == list(range(340 - len(left), 340)) and outbox.dropped == 340 - len(left)
    finally:
        failing.close()


def test_without_memory_nothing_is_raised_while_messages_are_taken():
    def starved(_):
        raise MemoryError

    outbox = flash()
    away(outbox, 5)
    spool.sum = starved
    try:
        for n in range(5, 15):
            put(outbox, n)
    finally:
        del spool.sum
    assert numbers(drained(outbox, rest=False)) == list(range(15)) and outbox.dropped == 0
    raises(StoreError, outbox.rest)


def test_a_folder_that_cannot_be_made():
    with open("outbox", "w") as file:
        file.write("mine")
    os.mkdir("outbox.json")
    assert not waits("")
    outbox = flash()
    for n in range(20):
        put(outbox, n)
    outbox.clock.passes(600)
    raises(StoreError, outbox.rest)
    outbox.rest()
    sent = numbers(drained(outbox))
    assert sent == list(range(20))


def test_latest_needs_no_flash():
    # After a restart there is a newer sample at once.
    outbox = opened(HandClock(), {"in": "flash", "size": 4096, "policy": "latest"}, "")
    away(outbox, 100)
    assert outbox.count == 1 and os.listdir() == []


def test_its_code_is_let_go_of():
    # While something waits for weeks, the heap is the program's.
    names = ("telemetry.outbox", "telemetry.spool")
    loaded = [sys.modules.pop(name) for name in names]
    try:
        for _ in range(2):
            outbox = once("outbox", "opened", HandClock(), {"in": "flash", "size": 4096, "policy": "history"}, "")
            assert not [name for name in names if name in sys.modules]
            away(outbox, 30)
            assert numbers(drained(outbox)) == list(range(30))
    finally:
        sys.modules.update(zip(names, loaded))


def test_a_line_that_is_whole_and_not_ours_is_passed_over():
    os.mkdir("outbox")
    with open("outbox/1", "wb") as file:
        for text in (b"", b"no_space", b"\xff {}", b"child {}"):
            file.write(b"%08x %s\n" % (crc32(text, 1), text))
    outbox = flash()
    assert outbox.first() == ("child", b"{}") and outbox.dropped == 3
