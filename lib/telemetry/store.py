"""A small JSON file on flash that no power cut can lose.

The new content is written beside the old and renamed over it, so that after a cut at any instant the file holds the old
or the new content whole; a check sum tells a torn or foreign file from ours. The file stays plain JSON, for people:
`{"crc32": "89ab4def", "curr_ver": "1.0.0", "latest_ver": "1.1.0"}`.
"""

import json
import os
from binascii import crc32

from micropython import const

from .errors import Corrupt, Missing, StoreError

_BODY_AT = const(22)  # behind `{"crc32": "89ab4def", `
_MAX_BYTES = const(16 * 1024)  # no state of ours is larger; a foreign file of any size must not fill the heap
_ENOENT = const(2)


class Store:
    """One dict that is kept in the file `path`."""

    def __init__(self, path: str):
        self._path = path
        self._new = path + ".new"
        self._unsaved: dict | None = None

    def load(self) -> dict:
        """What was last saved. Raises Missing or Corrupt, and StoreError if the flash cannot be read."""
        try:
            return _read(self._path)
        except Missing as error:
            # FAT renames over a file in two steps; a cut between them leaves the only copy under the new name.
            try:
                data = _read(self._new)
            except Missing:
                raise error
            try:
                os.rename(self._new, self._path)
            except OSError:
                pass  # a flash that cannot be written can still be read
            return data

    def save(self, data: dict) -> None:
        """Keeps `data`, a dict that JSON can hold and that is not empty. Raises StoreError: the old content is kept,
        and `retry` tries the new one again.

        Nothing is written when the file holds the same already: flash wears out.
        """
        self._unsaved = data
        try:
            saved = self.load() == data
        except StoreError:
            saved = False  # none, torn, or not to be read: in each case to be replaced
        if not saved:
            self._write_new(json.dumps(data).encode()[1:])
            try:
                os.rename(self._new, self._path)
            except OSError as error:
                raise StoreError(self._path, error)
        self._unsaved = None

    def retry(self) -> None:
        """Saves what could not be saved before, if there is any. Raises StoreError."""
        if self._unsaved:
            self.save(self._unsaved)

    def check(self) -> None:
        """Raises StoreError unless a file can be written now; to ask before getting what can be had only once."""
        try:
            self.load()  # so that the only copy is not where this writes
        except Missing:
            pass
        self._write_new(b" " * 512)
        self._discard()

    def _write_new(self, body):
        if len(body) > _MAX_BYTES - _BODY_AT:
            raise StoreError(self._path, "too large")
        try:
            with open(self._new, "wb") as file:
                file.write(_head(body))
                file.write(body)
        except OSError as error:
            self._discard()  # half a file is of no use and takes room
            raise StoreError(self._path, error)

    def _discard(self):
        try:
            os.remove(self._new)
        except OSError:
            pass  # the next save writes over it


def _read(path):
    try:
        size = os.stat(path)[6]
        with open(path, "rb") as file:
            text = file.read(size if size <= _MAX_BYTES else 0)
    except OSError as error:
        raise (Missing if error.errno == _ENOENT else StoreError)(path, error)
    body = text[_BODY_AT:]
    try:
        if text[:_BODY_AT] == _head(body):
            return json.loads(b"{" + body)
    except ValueError:
        pass  # NaN was saved, which JSON has not
    raise Corrupt(path, "torn or foreign")


def _head(body):
    # `body` is the JSON behind its opening brace; the check sum is of both.
    return b'{"crc32": "%08x", ' % crc32(body, crc32(b"{"))
