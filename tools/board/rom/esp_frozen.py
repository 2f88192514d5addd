# What is frozen into the image that runs: a file system in memory. A program finds it where it finds frozen modules,
# at ".frozen" in sys.path, and nowhere else.
import sys as _native

import esp_chip
import vfs

AT = "/.frozen"
_contents = None


def load(size):
    # Before any other, so that it is out of the way of what a program takes.
    global _contents
    _contents = bytearray(size)
    esp_chip.control.seek(64)
    esp_chip.control.readinto(_contents)
    return _native.modules["esp_frozen"]


def install():
    import os
    import sys

    vfs.mount(vfs.VfsRom(_contents), AT)
    path = Path()
    path[:] = path
    kind = type(sys)
    kind.path = path
    kind.__setattr__ = lambda self, name, value: _set(path, name, value)
    os.listdir = lambda *args: [it for it in os._native.listdir(*args) if it != AT[1:]]
    os.ilistdir = lambda *args: (it for it in os._native.ilistdir(*args) if it[0] != AT[1:])


def _set(path, name, value):
    if name == "path":
        path[:] = value
    else:
        setattr(_native, name, value)


class Path:
    # sys.path as a program sees it. Behind each ".frozen" the interpreter's own has AT.
    def _shown(self):
        return [it for it in _native.path if it != AT]

    def _keep(self, entries):
        kept = []
        for it in entries:
            kept.append(it)
            if it == ".frozen":
                kept.append(AT)
        _native.path[:] = kept

    def __getattr__(self, name):
        entries = self._shown()
        method = getattr(entries, name)

        def change(*args):
            result = method(*args)
            self._keep(entries)
            return result

        return change

    def __setitem__(self, index, value):
        entries = self._shown()
        entries[index] = list(value) if isinstance(index, slice) else value
        self._keep(entries)

    def __delitem__(self, index):
        entries = self._shown()
        del entries[index]
        self._keep(entries)

    def __getitem__(self, index):
        return self._shown()[index]

    def __len__(self):
        return len(self._shown())

    def __iter__(self):
        return iter(self._shown())

    def __add__(self, other):
        return self._shown() + list(other)

    def __eq__(self, other):
        return self._shown() == list(other)

    def __repr__(self):
        return repr(self._shown())
