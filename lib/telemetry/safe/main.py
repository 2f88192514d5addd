# In safe mode this is run in place of /main.py.
import os

os.chdir("/")  # first, so that who interrupts the rest has the REPL as always
from telemetry import once  # noqa: E402

once("safemode", "run")
