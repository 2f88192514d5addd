"""The outbox on flash, of whatever bytes its files are: what is whole is given once, and it works on."""

import os
from binascii import crc32

from telemetry import errors, store
from telemetry.clock import Clock
from telemetry.spool import Spool

_SIZE = 8192


def _line(number, text):
    return b"%08x " % crc32(text, number) + text + b"\n"


def _put(data):
    # Pieces between 0x1f, each a file; one that begins with + is of whole lines, behind which there may be a torn one.
    made = 0
    for number, piece in enumerate(bytes(data).split(b"\x1f", 5)):
        with open("outbox/%d" % (number + 17), "wb") as file:
            if piece[:1] == b"+":
                at = 1
                while at < len(piece) and made < 300:
                    end = (piece + b"\n").find(b"\n", at)
                    file.write(_line(number + 17, b" " + piece[at:end]))
                    made += 1
                    at = end + 1
                if data[0] & 1:
                    file.write(b"89abcdef  {")
            else:
                file.write(piece)
    return made


def _empty():
    for name in ("outbox.json", "outbox.json.new"):
        try:
            os.remove(name)
        except OSError:
            pass
    try:
        os.mkdir("outbox")
    except OSError:
        for name in os.listdir("outbox"):
            os.remove("outbox/" + name)


def _drained(spool, most):
    given = 0
    while True:
        first = spool.first()
        if first is None:
            break
        given += 1
        assert given <= most and isinstance(first[0], str) and spool.count > 0
        spool.done()
    assert spool.count == 0
    return given


def spooled(data):
    """Opens it, empties it, uses it; and again after a restart."""
    if not data:
        return
    _empty()
    made = _put(data[1:])
    if data[0] & 2:
        store.save("outbox.json", {"file": 17 + (data[0] >> 4 & 3), "offset": data[0] & 12, "dropped": data[0]})
    clock = Clock()
    spool = Spool(clock, _SIZE, "")
    given = _drained(spool, len(data))
    assert given >= made or data[0] & 2, (given, made)
    spool.rest()
    spool.put(b'{"status":"online"}', clock.uptime_ms())
    try:
        spool.rest(True)
    except errors.StoreError:
        raise AssertionError("nothing is wrong with the flash")
    again = Spool(clock, _SIZE, "")
    assert _drained(again, 1) == 1
    again.rest()
    assert _drained(Spool(clock, _SIZE, ""), 1) == 0
