"""Under MicroPython: tries one target with inputs from files and with what comes of them at random. Its plan is a line
of JSON on its standard input: `target`, `folder` of the inputs, `seed`, and how many at `random`; the last line that it
prints is JSON, too. What it finds it shows as hex."""

import gc
import json
import os
import sys
from binascii import hexlify

# Bytes of an input: beside it there must be room for what is tried.
_CORPUS_MOST = 16 * 1024
_SEED_MOST = 2400
_OTHER_MOST = 400


def tried(target, data):
    """The error that the target ended with, if it did."""
    try:
        target(data)
    except BaseException as error:
        print("found by", hexlify(data[:1000]).decode(), len(data))
        sys.print_exception(error)
        return error


def main():
    gc.threshold(16 * 1024)  # as boot.py has it
    plan = json.loads(sys.stdin.readline())
    module, _, name = plan["target"].partition(".")
    target = getattr(__import__(module), name)
    from mutate import Numbers, mutated

    folder = plan["folder"] + "/"
    names = sorted(os.listdir(folder))
    found = count = 0

    def seed(name, most):
        path = folder + name
        with open(path, "rb") as file:
            return file.read(min(most, os.stat(path)[6]))  # `read` takes the memory for all that it may give

    for name in names:
        count += 1
        found += tried(target, seed(name, _CORPUS_MOST)) is not None
    numbers = Numbers(plan["seed"])
    before = 0
    for n in range(plan["random"]):
        if n == plan["random"] // 2:  # what is loaded or made once is by then
            gc.collect()
            before = gc.mem_alloc()
        one = seed(names[numbers.below(len(names))], _SEED_MOST)
        other = seed(names[numbers.below(len(names))], _OTHER_MOST)
        data = mutated(one, other, numbers, _SEED_MOST)
        one = other = None
        count += 1
        found += tried(target, data) is not None
        data = None
        if found > 5:
            break
    gc.collect()
    print(json.dumps({"tried": count, "found": found, "grown": gc.mem_alloc() - before}))


main()
