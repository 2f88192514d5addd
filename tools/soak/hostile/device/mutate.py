"""Inputs at random, by a number, from inputs that are near to something: the same under each interpreter."""

_WORDS = (
    b'"', b"{", b"}", b"[", b"]", b",", b":", b"\\u", b"\\ud83d", b"\\", b"\x00", b"\r\n", b"\n\r\n", b"\n\n", b"\x1f",
    b"null", b"true", b"-1", b"1e999", b"9" * 20, b"2147483648", b"9223372036854775808", b"[" * 300, b'{"a":' * 60,
    b"\xed\xa0\xbd", b"\xf4\x90\x80\x80", b"\xff", b"\xc2\x9b", b"config_version", b"command", b"new_licenses",
    b"space_data_version", b"latest_fw_version", b"1.0.0-a.1+b", b"Content-Length: ", b"Transfer-Encoding: chunked",
    b"HTTP/1.1 200 OK\r\n", b"0\r\n\r\n", b"//", b"..", b"200", b"404", b"429", b"net", b"mem", b" ", b"\xc2\xb2",
)  # fmt: skip


class Numbers:
    """xorshift32: small, and the same everywhere."""

    def __init__(self, seed):
        self.state = seed & 0xFFFFFFFF or 1

    def below(self, most):
        x = self.state
        x ^= x << 13 & 0xFFFFFFFF
        x ^= x >> 17
        x ^= x << 5 & 0xFFFFFFFF
        self.state = x
        return x % most


def mutated(seed, other, numbers, most=16 * 1024):
    """`seed`, changed in one to six places; some of it may come from `other`."""
    data = bytearray(seed)
    for _ in range(1 + numbers.below(6)):
        at = numbers.below(len(data) + 1)
        kind = numbers.below(7)
        if kind == 0 and data:
            data[at % len(data)] = numbers.below(256)
        elif kind == 1 and data:
            data[at % len(data)] ^= 1 << numbers.below(8)
        elif kind == 2:  # cut something out
            end = at + numbers.below(1 + min(64, len(data) - at))
            data = data[:at] + data[end:]
        elif kind == 3:
            data = data[:at] + _WORDS[numbers.below(len(_WORDS))] + data[at:]
        elif kind == 4:  # in place of what was there
            word = _WORDS[numbers.below(len(_WORDS))]
            data = data[:at] + word + data[at + len(word) :]
        elif kind == 5:  # again and again
            end = at + numbers.below(1 + min(32, len(data) - at))
            data = data[:at] + bytes(data[at:end]) * numbers.below(40) + data[end:]
        elif other:
            start = numbers.below(len(other))
            data = data[:at] + other[start : start + numbers.below(400)] + data[at:]
    return data[:most]
