"""MicroPython's module, as far as CPython needs it to run the logic of the device: reading gzip."""

import zlib

GZIP = 3


class DeflateIO:
    def __init__(self, stream, format, wbits):
        assert format == GZIP
        self._stream = stream
        self._inflate = zlib.decompressobj(16 + zlib.MAX_WBITS)

    def readinto(self, buffer):
        data = b""
        while not data and not self._inflate.eof:
            more = self._inflate.unconsumed_tail or self._stream.read(64)
            if not more:
                raise EOFError
            try:
                data = self._inflate.decompress(more, len(buffer))
            except zlib.error as error:
                raise OSError(22, "EINVAL") from error
        buffer[: len(data)] = data
        return len(data)
