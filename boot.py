# Runs at every start, before main.py, and before any tool gets to the REPL: it must not be able to fail, so it does
# next to nothing. What a board does belongs into main.py.
try:
    import sys

    if "/lib" not in sys.path:
        sys.path.append("/lib")
except Exception:  # a board whose boot.py fails is hard to reach again
    pass
