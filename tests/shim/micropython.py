"""What CPython lacks to run the pure logic of the device."""

import gc
import sys
import time
import traceback


def const(value):
    return value


time.ticks_ms = lambda: time.monotonic_ns() // 1000000
time.ticks_add = lambda ticks, delta: ticks + delta
time.ticks_diff = lambda end, start: end - start
gc.mem_alloc = lambda: 40000
gc.mem_free = lambda: 60000
gc.collect = lambda: 0  # all that pytest holds would be looked at whenever the library collects
time.sleep_ms = lambda ms: time.sleep(ms / 1000)
sys.print_exception = lambda error, file=None: traceback.print_exception(error, file=file)
sys.implementation._machine = "CPython with ESP32"
sys.implementation._mpy = 6
