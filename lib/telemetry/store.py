"""A small JSON file on flash that no power cut can lose.

The new content is written beside the old first and then over it, so that after a cut at any instant one of the two is
whole; a check sum tells a torn or foreign file from ours. Nothing is renamed: FAT does that in steps, and a cut within
one can lose both names. The file stays plain JSON, for people:
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
_FILES = const("version identity config licenses commands space incidents crash starts outbox slots update")


def load(path: str, data: dict | None = None) -> dict:
    """What was last saved. Raises Missing or Corrupt, or gives `data` in their place; StoreError if the flash cannot be
    read."""
    try:
        try:
            return json.loads(b"{" + _body(path))
        except ValueError:  # NaN was saved, which JSON has not
            raise errors.Corrupt(path)
    except errors.Missing:
        if data is None:
            raise
        return data


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
    """Keeps `data`, a dict that JSON can hold and that is not empty. Raises StoreError: the old content is kept, or the
    new, never neither.

    False: nothing was written, as the file holds the same already: flash wears out.
    """
    body = json.dumps(data).encode()[1:]
    if _body(path, True) == body:  # bytes are compared, as 1 == True
        return False
    write(path, body)
    _put(path, body)
    _discard(path)
    return True


def tidy(folder: str) -> None:
    """Removes what a power cut left behind of our files in `folder`, but what is the only copy."""
    for name in os.listdir(folder or "."):
        # A gateway's child has its name before: lamp.config.json.new
        if not name.endswith(".json.new") or name.split(".")[-3] not in _FILES.split():
            continue
        path = folder + name[:-4]
        try:
            try:
                _read(path)
            except errors.Missing:
                _body(path, True)  # takes the other up, if it is the only copy
        except errors.StoreError:
            continue  # that failed, or nobody knows whether it is
        _discard(path)


def check(path: str) -> None:
    """Raises StoreError unless a file can be written now; to ask before getting what can be had only once."""
    _body(path, True)
    write(path, b" " * 511 + b"}")  # whole, as a cut may leave it as the only copy
    _discard(path)


def write(path: str, body: bytes) -> None:
    """The first half of `save`: the new content, beside the old."""
    if len(body) > _MAX_BYTES - _BODY_AT:
        raise errors.StoreError(path + ": too large")
    try:
        _put(path, body, ".new")
    except errors.StoreError:
        _discard(path)  # half a file is of no use and takes room
        raise


def _put(path, body, beside=""):
    try:
        with open(path + beside, "wb") as file:
            file.write(_head(body))
            file.write(body)
    except OSError as error:
        raise errors.StoreError("%s: %s" % (path, error))


def _discard(path):
    try:
        os.remove(path + ".new")
    except OSError:
        pass  # the next save writes over it


def _body(path, is_to_go=False):
    # What `_head` goes before. `is_to_go`: as it will be written over, None if there is none, and StoreError if what is
    # beside it is the only copy and cannot be put in its place.
    try:
        return _read(path)
    except errors.StoreError as error:
        body = None
        try:
            if is_to_go or isinstance(error, errors.Missing):
                body = _read(path + ".new")  # whole: the power went while the other was written
        except errors.StoreError:
            pass
        if body is None and not is_to_go:
            raise error
    if body is not None:
        try:
            _put(path, body)
            _discard(path)
        except errors.StoreError:
            if is_to_go:
                raise  # else: what cannot be written can still be read
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
