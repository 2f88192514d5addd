# While an application that came over the air is on trial, this runs its main.py.
from telemetry import once

failed = once("trial", "begin")
del once
try:
    execfile("main.py")  # noqa: F821 - MicroPython's
except Exception as error:
    failed(error, globals())
