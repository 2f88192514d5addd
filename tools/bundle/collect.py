"""The files of a program, from the workstation's folders."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from tools.bundle.archive import BundleError
from tools.deploy import DeployError, compile_mpy, is_hidden, library


def collect(main: Path, lib: Path | None, more: list[Path], mpy: bool = True) -> tuple[dict[str, bytes], list[Path]]:
    """What a bundle is to hold, by name, and which files of `lib` it leaves out.

    `main` becomes `main.py`. Of `lib` it takes what a deployment takes, modules and certificates; with `mpy` modules
    are compiled. `more`: further files, and folders with all in them, under the relative paths they are named by.
    Hidden files are left out. Raises BundleError: for a link, too, because what it points to may be another tomorrow.
    """
    left_out: list[Path] = []
    with tempfile.TemporaryDirectory() as build:
        try:
            compile_mpy(_regular(main), Path(build, "main.mpy"), Path("main.py"))  # only to know that it is a program
            found = {"main.py": main}
            if lib is not None:
                taken = [it for it in _walk(lib) if it.suffix in (".py", ".der")]
                left_out = [it for it in _walk(lib) if it not in taken]
                found |= library(lib, mpy, Path(build))
        except DeployError as error:
            raise BundleError(str(error)) from None
        for name, file in _more(more).items():
            if name in found and found[name].resolve() != file.resolve():
                raise BundleError(f"FILES: {file}: {name} is in the bundle already")
            found[name] = file
        left_out = [it for it in left_out if it not in found.values()]
        return {name: _read(file) for name, file in found.items()}, left_out


def _more(paths: list[Path]) -> dict[str, Path]:
    found = {}
    for path in paths:
        if path.is_absolute() or ".." in path.parts:
            raise BundleError(f"FILES: {path}: expected a path below this folder, which is its name on the board too")
        for file in _walk(path) if path.is_dir() and not path.is_symlink() else [_regular(path)]:
            found[file.as_posix()] = file
    return found


def _walk(folder: Path) -> Iterator[Path]:
    """The files in a folder, by name, but for hidden ones."""
    _no_link(folder)
    if not folder.is_dir():
        raise BundleError(f"{folder}: no such folder")
    for path in sorted(folder.rglob("*")):
        if is_hidden(path.relative_to(folder)):
            continue
        _no_link(path)
        if not path.is_dir():
            yield _regular(path)


def _regular(path: Path) -> Path:
    _no_link(path)
    if not path.is_file():
        raise BundleError(f"{path}: {'not a regular file' if path.exists() else 'no such file'}")
    return path


def _no_link(path: Path) -> None:
    if path.is_symlink():
        raise BundleError(f"{path}: a link; put a copy of the file in its place")


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise BundleError(f"{file}: {error.strerror}") from None
