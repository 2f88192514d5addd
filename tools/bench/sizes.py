"""What the library takes: bytes of .mpy on flash, and heap once it is loaded."""

from tools.bench.cases import CASES, Row
from tools.bench.stand import Stand

# What one telemetry by `telemetry.send`, which is in `minimal`, and the announcement of a firmware need.
MINIMAL = ("semver", "message", "firmware", "store", "minimal")


def rows(stand: Stand) -> list[Row]:
    """A row for each module, one for each set, and two of heap."""
    sizes = stand.workshop.sizes
    imported = stand.workshop.run(stand.job(CASES[0], "ours", "imports", 0).config | {"modules": MINIMAL}).found
    built = stand.workshop.run(stand.job(CASES[0], "ours", "build", 0).config).found
    sets = {
        "minimal set": MINIMAL,
        "minimal set with imports": [name.partition(".")[2] or "__init__" for name in imported["modules"]],
        "library": list(sizes),
    }
    found = [Row("size", name, "mpy_bytes", size) for name, size in sizes.items()]
    found += [Row("size", name, "mpy_bytes", sum(sizes[each] for each in every)) for name, every in sets.items()]
    heaps = {"import telemetry": imported["heap"], "built agent": built["heap"]}
    return found + [Row("start", name, "heap_bytes", heap) for name, heap in heaps.items()]
