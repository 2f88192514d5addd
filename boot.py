# Runs at every start, before main.py, and before any tool gets to the REPL: it must not be able to fail, so it does
# next to nothing. What a board does belongs into main.py.
where = None
try:
    import gc

    # Collect early: without it compiling main.py and its libraries scatters what stays over the whole heap, and the
    # largest hole in it shrinks to a few KiB.
    gc.threshold(16 * 1024)
    from telemetry import once

    where = once("startup", "begin")
    gc.collect()
    if where:
        # Safe mode, or an application that came over the air: MicroPython looks for main.py where we are, so it finds
        # another one. It is not run from here, as on chips with USB of their own the port is dead until this file has
        # ended.
        import os

        os.chdir(where)
except Exception:  # a board whose boot.py fails is hard to reach again
    pass
if where == "":
    # A soft reset in safe mode: a person or a tool is there. After an exception main.py is not run.
    raise RuntimeError("safe mode: main.py is not run; to have it run: import os; os.remove('/starts.json'); Ctrl-D")
