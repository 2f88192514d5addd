"""What texts leave behind in the heap: nothing. MicroPython keeps a character that stood alone for ever, as a name."""

import gc

from telemetry.api import paired

HEAP = "4M"
INTERPRETERS = ["micropython"]  # whose JSON leaves the two halves of an escaped emoji as they are


def kept_of(texts):
    gc.collect()
    before = gc.mem_alloc()
    for text in texts:
        paired(text)
    gc.collect()
    return gc.mem_alloc() - before


def hangul():
    for code in range(0x800):  # U+D000 and on
        yield b"\xed" + bytes((0x80 + (code >> 6) % 32, 0x80 + code % 64))


def emojis():
    for code in range(0x400):
        low = bytes((0xB0 + (code >> 6), 0x80 + code % 64))
        yield b"\xed\xa0\xbd\xed" + low


def test_no_text_stays_in_the_heap():
    for texts in (hangul, emojis):
        assert kept_of(texts()) < 1024, texts


def test_pairs_become_one_and_halves_a_question_mark():
    for text, expected in (
        (b"", b""),
        (b"plain \xc3\xa4", b"plain \xc3\xa4"),
        (b"\xed\xa0\xbd\xed\xb8\x80", b"\xf0\x9f\x98\x80"),
        (b"a\xed\xa0\xbd\xed\xb8\x80b", b"a\xf0\x9f\x98\x80b"),
        (b"\xed\xa0\xbd", b"?"),
        (b"\xed\xb8\x80.", b"?."),
        (b"\xed\xa0\xbd\xed\xa0\xbd\xed\xb8\x80", b"?\xf0\x9f\x98\x80"),
        (b"\xed\x95\x9c\xea\xb5\xad", b"\xed\x95\x9c\xea\xb5\xad"),
        (b"\xed\xa0\xbd\xed\x95\x9c", b"?\xed\x95\x9c"),
        (b"\xed\xa0\xbd\xee\x80\x80", b"?\xee\x80\x80"),
        (b"\xed\xaf\xbf\xed\xbf\xbf", b"\xf4\x8f\xbf\xbf"),
    ):
        assert paired(text) == expected, (text, paired(text))
