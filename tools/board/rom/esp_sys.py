# The interpreter's own sys, but for what a program asks to learn which port it is on.
import sys as _native

import esp_chip


def _describe():
    from collections import namedtuple

    was = _native.implementation
    fields = ("name", "version", "_machine", "_mpy", "_build", "_thread")
    values = (was.name, was.version, esp_chip.machine, was._mpy, "ESP32_GENERIC", "GIL")
    return namedtuple("implementation", fields)(*values)


_HERE = '  File "' + __file__[: -len("esp_sys.py")]


def print_exception(error, file=_native.stdout):
    # As on the chip, where the modules of the board are no Python files and stand in no traceback.
    import io

    text = io.StringIO()
    _native.print_exception(error, text)
    for line in text.getvalue().split("\n")[:-1]:
        if not line.startswith(_HERE):
            print(line.replace('"/.frozen/', '"'), file=file)


class _Sys:
    # Not a module, so that `sys.path = [...]` and `sys.ps1 = ...` reach the real one.
    implementation = _describe()
    platform = "esp32"
    print_exception = staticmethod(print_exception)

    def __getattr__(self, name):
        return getattr(_native, name)

    def __setattr__(self, name, value):
        setattr(_native, name, value)

    def __repr__(self):
        return "<module 'sys'>"


sys = _Sys()
