"""A small JSON file on flash that no power cut can lose.

The new content is written beside the old and renamed over it, so that after a cut at any instant the file holds the old
or the new content whole; a check sum tells a torn or foreign file from ours. The file stays plain JSON, for people:
`{"crc32": "89ab4def", "curr_ver": "1.0.0", "latest_ver": "1.1.0"}`.
"""

import json
import os
from binascii import crc32

from micropython import const

from . import errors

_BODY_AT = const(22)  # behind `{"crc32": "89ab4def", `
_MAX_BYTES = const(16 * 1024)  # no state of ours is larger; a foreign file of any size must not fill the heap
_ENOENT = const(2)
# What is ours before `.json`.
_FILES = ("version", "identity", "config", "licenses", "commands", "space", "incidents", "crash", "starts")


def load(path: str) -> dict:
    """What was last saved. Raises Missing or Corrupt, and StoreError if the flash cannot be read."""
    try:
        return json.loads(b"{" + _body(path))
    except ValueError:  # NaN was saved, which JSON has not
        raise errors.Corrupt(path)


def exists(path: str) -> bool:
    """Whether there is something to load, torn or whole."""
    for name in (path, path + ".new"):
        try:
            os.stat(name)
            return True
        except OSError:
            pass
    return False


def save(path: str, data: dict) -> bool:
    """Keeps `data`, a dict that JSON can hold and that is not empty. Raises StoreError: the old content is kept.

    False: nothing was written, as the file holds the same already: flash wears out.
    """
    body = json.dumps(data).encode()[1:]
    try:
        if _body(path) == body:  # bytes are compared, as 1 == True
            return False
    except errors.StoreError:
        pass  # none, torn, or not to be read: in each case to be replaced
    write(path, body)
    try:
        os.rename(path + ".new", path)
    except OSError as error:
        raise errors.StoreError("%s: %s" % (path, error))
    return True


def tidy(folder: str) -> None:
    """Removes what a power cut left behind of our files in `folder`, but what is the only copy."""
    for name in os.listdir(folder or "."):
        parts = name.split(".")  # a gateway's child has its name before: lamp.config.json.new
        if parts[-2:] != ["json", "new"] or parts[-3:][0] not in _FILES:
            continue
        path = folder + name[:-4]
        try:
            _body(path)  # takes it up, if it is the only copy
            try:
                _read(path)
            except errors.Missing:
                continue  # that failed
        except errors.Missing:
            pass  # torn
        except errors.StoreError:
            continue
        _discard(path)


def check(path: str) -> None:
    """Raises StoreError unless a file can be written now; to ask before getting what can be had only once."""
    try:
        _body(path)  # so that the only copy is not where this writes
    except errors.Missing:
        pass
    write(path, b" " * 512)
    _discard(path)


def write(path: str, body: bytes) -> None:
    """The first half of `save`: the new content, beside the old."""
    if len(body) > _MAX_BYTES - _BODY_AT:
        raise errors.StoreError(path + ": too large")
    try:
        with open(path + ".new", "wb") as file:
            file.write(_head(body))
            file.write(body)
    except OSError as error:
        _discard(path)  # half a file is of no use and takes room
        raise errors.StoreError("%s: %s" % (path, error))


def _discard(path):
    try:
        os.remove(path + ".new")
    except OSError:
        pass  # the next save writes over it


def _body(path):
    # What `_head` goes before.
    try:
        return _read(path)
    except errors.Missing as error:
        # FAT renames over a file in two steps; a cut between them leaves the only copy under the new name.
        try:
            body = _read(path + ".new")
        except errors.Missing:
            raise error
        try:
            os.rename(path + ".new", path)
        except OSError:
            pass  # a flash that cannot be written can still be read
        return body


def _read(path):
    try:
        size = os.stat(path)[6]
        with open(path, "rb") as file:
            text = file.read(size if size <= _MAX_BYTES else 0)
    except OSError as error:
        raise (errors.Missing if error.errno == _ENOENT else errors.StoreError)("%s: %s" % (path, error))
    body = text[_BODY_AT:]
    if text[:_BODY_AT] != _head(body):
        raise errors.Corrupt(path + ": torn or foreign")
    return body


def _head(body):
    # `body` is the JSON behind its opening brace; the check sum is of both.
    return b'{"crc32": "%08x", ' % crc32(body, crc32(b"{"))
