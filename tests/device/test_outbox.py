import gc
import json
import os

from telemetry.outbox import opened, waits
from waiting import HandClock, body, drained, numbers, put


def memory(size=4096, policy="history", is_set=True):
    return opened(HandClock(is_set), {"in": "memory", "size": size, "policy": policy}, "")


def held(outbox):
    return sum(map(len, outbox._segments))


def test_what_waits_is_sent_the_oldest_first_with_its_time():
    outbox = memory()
    for n in range(3):
        outbox.clock.passes(1.5)
        put(outbox, n)
    assert outbox.count == 3
    outbox.clock.passes(3600)
    assert drained(outbox) == [
        ("", 0, "2026-01-01T00:00:01.500Z"),
        ("", 1, "2026-01-01T00:00:03.000Z"),
        ("", 2, "2026-01-01T00:00:04.500Z"),
    ]
    assert (outbox.count, outbox.dropped, outbox.first()) == (0, 0, None)


def test_the_body_stays_as_it_was():
    outbox = memory()
    text = '{"status":"error","telemetries":{"a b":" } \\n é","c":{}},"override":true,"message":"no \\"x\\""}'.encode()
    outbox.put(text, outbox.clock.uptime_ms(), "child-1")
    called, sent = outbox.first()
    assert called == "child-1"
    assert sent == text[:-1] + b',"timestamp":"2026-01-01T00:00:00.000Z"}'
    json.loads(sent)


def test_children_and_the_board_wait_in_one_row():
    outbox = memory()
    for n, called in enumerate(("", "a", "B_2", "", "a")):
        put(outbox, n, called)
    assert [(called, n) for called, n, _ in drained(outbox)] == [("", 0), ("a", 1), ("B_2", 2), ("", 3), ("a", 4)]


def test_the_clock_may_be_set_later_and_may_be_stepped():
    outbox = memory(is_set=False)
    put(outbox, 1)
    outbox.clock.passes(10)
    assert outbox.first() is None and outbox.count == 1
    outbox.clock.is_set = True
    assert outbox.first()[1].endswith(b'"2026-01-01T00:00:00.000Z"}')
    outbox.clock.stepped_ms = 5000  # NTP knows better now
    assert drained(outbox) == [("", 1, "2026-01-01T00:00:05.000Z")]


def test_it_is_bounded_and_drops_the_oldest():
    for size in (512, 1000, 4096):
        outbox = memory(size)
        for n in range(1000):
            put(outbox, n, "c%d" % (n % 3), "x" * (n % 40))
            assert held(outbox) <= size
            assert outbox.count + outbox.dropped == n + 1
        assert outbox.count > size // 150
        left = numbers(drained(outbox))
        assert left == list(range(1000 - len(left), 1000))
        assert outbox.dropped == 1000 - len(left)


def test_it_takes_nothing_while_nothing_waits():
    outbox = memory()
    for rounds in range(50):
        for n in range(rounds % 20 + 1):
            put(outbox, n)
        assert numbers(drained(outbox)) == list(range(rounds % 20 + 1))
        assert held(outbox) == 0


def test_what_is_put_while_it_drains_comes_last():
    outbox = memory(1024)
    sent = []
    n = 0
    for rounds in range(300):
        for _ in range(rounds % 4):
            put(outbox, n)
            n += 1
        sent += numbers(drained(outbox, rounds % 5))
    sent += numbers(drained(outbox))
    assert sent == sorted(sent) and len(set(sent)) == len(sent)
    assert len(sent) + outbox.dropped == n and len(sent) > n // 2


def test_a_message_that_is_longer_than_a_segment():
    outbox = memory()
    put(outbox, 0)
    put(outbox, 1, "", "y" * 900)
    put(outbox, 2)
    assert numbers(drained(outbox)) == [0, 1, 2]
    put(outbox, 3)
    put(outbox, 4, "", "y" * 999)
    for n in range(5, 8):
        put(outbox, n, "", "y" * 990)
    assert outbox.dropped == 2 and numbers(drained(outbox)) == [5, 6, 7]


def test_one_that_is_longer_than_the_outbox_drops_itself_only():
    for policy in ("history", "latest"):
        outbox = memory(512, policy)
        put(outbox, 0)
        put(outbox, 1, "other", "y" * 600)
        assert outbox.dropped == 1 and numbers(drained(outbox)) == [0]


def test_of_size_0_it_keeps_nothing_and_counts():
    outbox = memory(0)
    put(outbox, 0)
    assert (outbox.count, outbox.dropped, outbox.first()) == (0, 1, None)
    outbox.rest()


def test_latest_keeps_the_newest_of_each_device_and_counts_no_loss():
    outbox = memory(policy="latest")
    for n in range(100):
        outbox.clock.passes(1)
        put(outbox, n, ("", "a", "ab")[n % 3])
        assert outbox.count == min(n + 1, 3)
    assert held(outbox) <= 1024
    assert drained(outbox) == [
        ("a", 97, "2026-01-01T00:01:38.000Z"),
        ("ab", 98, "2026-01-01T00:01:39.000Z"),
        ("", 99, "2026-01-01T00:01:40.000Z"),
    ]
    assert outbox.dropped == 0 and held(outbox) == 0


def test_latest_of_more_devices_than_there_is_room_for():
    outbox = memory(1024, "latest")
    for n in range(500):
        put(outbox, n, "c%d" % (n % 50))
        assert held(outbox) <= 1024
    left = numbers(drained(outbox))
    assert left == list(range(500 - len(left), 500)) and len(left) > 8 and outbox.dropped > 0


def test_without_memory_the_oldest_goes_and_nothing_is_raised():
    from telemetry import outbox as module

    class Starved:
        """In place of bytearray: there is no memory for the next ones."""

        def __init__(self):
            self.left = 0

        def __call__(self, size):
            if self.left > 0:
                self.left -= 1
                raise MemoryError
            return real(size)

    real = bytearray
    starved = module.bytearray = Starved()
    try:
        outbox = memory()
        for n in range(12):
            put(outbox, n)
        segments = len(outbox._segments)
        assert segments > 1
        starved.left = 1
        n = 12
        while starved.left:
            put(outbox, n)
            n += 1
        assert outbox.dropped > 0 and len(outbox._segments) == segments  # one for one
        starved.left = 99
        outbox.put(body(n, "z" * 520), 0)
        assert outbox.count == 0 and outbox.dropped == n + 1
        starved.left = 0
        put(outbox, 1)
        assert numbers(drained(outbox)) == [1]
    finally:
        del module.bytearray


def test_the_heap_stays_as_it_was():
    outbox = memory()
    for rounds in range(60):
        for n in range(60):
            put(outbox, n)
        while outbox.first():
            outbox.done()
        gc.collect()
        if rounds == 10:
            before = gc.mem_free()
    assert gc.mem_free() >= before


def test_whether_flash_has_something():
    assert not waits("")
    os.mkdir("outbox")
    assert not waits("")
    with open("outbox/1", "w") as file:
        file.write("x")
    assert waits("")
