"""One target under libFuzzer, by atheris: inputs by what the library's code looks at. A process of its own, as it is
libFuzzer that ends it: `python -m tools.soak.hostile.guided TARGET FOLDER RUNS SEED`. What it finds is put beside
FOLDER, which has the inputs to begin with."""

import importlib
import sys

import atheris
import cpython  # before the library
import micropython  # noqa: F401 - of tests/shim: what CPython lacks

_LONGEST = 9300  # bytes: a head that is too large has 8 KiB


def main() -> None:
    target, folder, runs, seed = sys.argv[1:5]
    with atheris.instrument_imports(include=["telemetry"]):
        cpython.load_all()
    module, _, name = target.partition(".")
    function = getattr(importlib.import_module(module), name)
    options = [f"-runs={runs}", f"-seed={seed}", f"-max_len={_LONGEST}", f"-artifact_prefix={folder}.found-"]
    options += ["-timeout=60", "-rss_limit_mb=1024", "-print_final_stats=1", "-verbosity=0"]
    atheris.Setup([sys.argv[0], *options, folder], function)
    atheris.Fuzz()


main()
