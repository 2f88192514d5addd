"""What stands between the bytes of a chunked body (RFC 9112, section 7.1)."""

from micropython import const

from . import errors

_DIGITS_MOST = const(12)
_TRAILERS_MOST = const(64)


def next_chunk(line, is_first: bool) -> int:
    """The bytes of the chunk that comes next; 0 behind the last one, when its trailers were read too. `line()` reads a
    line. Raises BadAnswer."""
    if not is_first and line():
        raise errors.BadAnswer("a chunk is longer than it says")
    size = line().partition(b";")[0].strip()  # behind it may stand extensions
    if not 0 < len(size) <= _DIGITS_MOST or size.strip(b"0123456789abcdefABCDEF"):
        raise errors.BadAnswer("a chunk's size is no number")
    count = int(size, 16)
    if not count:
        for _ in range(_TRAILERS_MOST):
            if not line():
                return 0
        raise errors.BadAnswer("too many trailers")
    return count
