"""A small JSON file on flash that no power cut can lose.

The new content is written beside the old and renamed over it, so that after a cut at any instant the file holds the old
or the new content whole; a check sum tells a torn or foreign file from ours. The file stays plain JSON, for people:
`{"crc32": "89ab4def", "curr_ver": "1.0.0", "latest_ver": "1.1.0"}`.
"""

import binascii
import json
import os

from .errors import Corrupt, Missing, StoreError

_BODY_AT = len('{"crc32": "89ab4def", ')
_MAX_BYTES = 16 * 1024  # no state of ours is larger; a foreign file of any size must not fill the heap
_ENOENT = 2


class Store:
    """One dict that is kept in the file `path`."""

    def __init__(self, path: str):
        self.path = path
        self._new = path + ".new"

    def load(self) -> dict:
        """What was last saved. Raises Missing or Corrupt, and StoreError if the flash cannot be read."""
        try:
            return _read(self.path)
        except (Missing, Corrupt) as error:
            # FAT renames over a file in two steps; a cut between them leaves the only copy under the new name.
            try:
                data = _read(self._new)
            except (Missing, Corrupt):
                raise error
            try:
                self._rename()
            except StoreError:
                pass  # a flash that cannot be written can still be read
            return data

    def save(self, data: dict) -> None:
        """Keeps `data`, a dict that JSON can hold and that is not empty. Raises StoreError; the old content is kept.

        Nothing is written when the file holds the same already: flash wears out.
        """
        try:
            if self.load() == data:
                return
        except (Missing, Corrupt):
            pass
        body = json.dumps(data).encode()
        try:
            with open(self._new, "wb") as file:
                file.write(_head(body))
                file.write(memoryview(body)[1:])  # the head has its opening brace
                file.flush()
        except OSError as error:
            try:
                os.remove(self._new)  # half a file is of no use and takes room
            except OSError:
                pass
            raise StoreError(self.path, "cannot be written: %s" % error)
        self._rename()

    def remove(self) -> None:
        """Forgets the content; a file that is not there is no error."""
        for path in (self._new, self.path):  # in this order, or a cut between would bring the old copy back
            try:
                os.remove(path)
            except OSError as error:
                if error.errno != _ENOENT:
                    raise StoreError(path, "cannot be removed: %s" % error)

    def _rename(self):
        try:
            os.rename(self._new, self.path)
        except OSError as error:
            raise StoreError(self.path, "cannot be replaced: %s" % error)


def _read(path):
    try:
        size = os.stat(path)[6]
        if size > _MAX_BYTES:
            raise Corrupt(path, "%d bytes: not ours" % size)
        with open(path, "rb") as file:
            text = file.read(size)
    except OSError as error:
        if error.errno == _ENOENT:
            raise Missing(path, "no such file")
        raise StoreError(path, "cannot be read: %s" % error)
    body = b"{" + text[_BODY_AT:]
    if text[:_BODY_AT] != _head(body):
        raise Corrupt(path, "torn or not ours")
    return json.loads(body)


def _head(body):
    return b'{"crc32": "%08x", ' % binascii.crc32(body)
