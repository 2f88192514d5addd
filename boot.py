# Runs at every start, before main.py, and before any tool gets to the REPL: it must not be able to fail, so it does
# next to nothing. What a board does belongs into main.py.
try:
    import gc

    # Collect early: without it compiling main.py and its libraries scatters what stays over the whole heap, and the
    # largest hole in it shrinks to a few KiB.
    gc.threshold(16 * 1024)
except Exception:  # a board whose boot.py fails is hard to reach again
    pass
