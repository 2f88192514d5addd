"""Packs a program for boards to install over the air: `python -m tools.bundle --version 1.1.0 --key maker.pem`."""

import argparse
import hashlib
import os
import sys
from pathlib import Path
from typing import Any

from tools.bundle.archive import CHIP, MICROPYTHON, BundleError, make_bundle, read_manifest, signature_file
from tools.bundle.collect import collect
from tools.hub.maker import Maker

FOLDER = Path("build")
_EXAMPLE = "for example: make bundle VERSION=1.1.0 KEY=maker.pem"


def main(arguments: list[str] | None = None) -> int:
    """Make one bundle; the exit code."""
    options = _parser().parse_args(arguments)
    try:
        _run(options)
    except BundleError as error:
        print(f"bundle: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bundle", description="Packs a program for boards to install over the air.")
    parser.add_argument("--version", default="", help="of the program: SemVer, for example 1.1.0")
    parser.add_argument("--key", type=Path, help="the maker's private key, which signs the bundle: make keys makes it")
    parser.add_argument("--unsigned", action="store_true", help="make one without a signature")
    parser.add_argument("--chip", default=CHIP, help="as the board says it, ESP32S3, or any; default: %(default)s")
    parser.add_argument("--micropython", default=MICROPYTHON, help="the least version; default: %(default)s")
    parser.add_argument("--main", type=Path, default=Path("main.py"), help="default: %(default)s")
    parser.add_argument("--lib", type=Path, default=Path("lib"), help="the folder of modules; default: %(default)s")
    parser.add_argument("--file", type=Path, action="append", default=[], help="another file, or a folder")
    parser.add_argument("--sources", action="store_true", help="leave the modules uncompiled")
    return parser


def _run(options: argparse.Namespace) -> None:
    if not options.version:
        raise BundleError(f"VERSION is missing; {_EXAMPLE}")
    maker = _maker(options)
    files, left_out = collect(options.main, options.lib, options.file, not options.sources)
    chip = None if options.chip == "any" else options.chip
    data = make_bundle(options.version, files, chip, options.micropython)
    bundle = FOLDER / f"app-{options.version}.tar.gz"
    signature = maker.sign(data) if maker is not None else None
    try:
        write(bundle, data, signature)
    except OSError as error:
        raise BundleError(f"cannot write {bundle}: {error.strerror}") from None
    _tell(bundle, data, files, options.key if signature else None)
    for path in left_out:
        print(f"left out: {path}; FILES={path} takes it along")


def _maker(options: argparse.Namespace) -> Maker | None:
    """Who signs; None: nobody."""
    if options.unsigned and options.key:
        raise BundleError("KEY and UNSIGNED=1: expected one of the two")
    if options.unsigned:
        return None
    if not options.key:
        raise BundleError(f"KEY is missing: `make keys` makes one; {_EXAMPLE}; UNSIGNED=1 goes without")
    if not options.key.exists():
        raise BundleError(f"KEY: {options.key}: no such file; `make keys KEY={options.key}` makes it")
    maker = Maker(options.key)
    try:
        maker.load()
    except OSError as error:
        raise BundleError(f"KEY: cannot read {options.key}: {error.strerror}") from None
    except ValueError as error:
        raise BundleError(f"KEY: {error}") from None
    return maker


def write(bundle: Path, data: bytes, signature: str | None) -> None:
    """Write it, and the signature beside it. Raises OSError. At no time a signature is beside another bundle."""
    bundle.parent.mkdir(parents=True, exist_ok=True)
    signature_file(bundle).unlink(missing_ok=True)
    _replace(bundle, data)
    if signature is not None:
        _replace(signature_file(bundle), signature.encode() + b"\n")


def _replace(file: Path, content: bytes) -> None:
    new = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        new.write_bytes(content)
        new.replace(file)
    finally:
        new.unlink(missing_ok=True)


def _tell(bundle: Path, data: bytes, files: dict[str, bytes], key: Path | None) -> None:
    manifest: dict[str, Any] = read_manifest(data) or {}
    abi = f", .mpy version {manifest['abi']}" if manifest["abi"] else ""
    rows = {
        "version": manifest["version"],
        "for": f"{manifest['chip'] or 'any chip'}, MicroPython {manifest['micropython']} or later{abi}",
        "files": f"{len(files)}, {sum(map(len, files.values()))} bytes on the board's flash",
        "bundle": f"{bundle}, {len(data)} bytes",
        "SHA-256": hashlib.sha256(data).hexdigest(),
        "signature": f"{signature_file(bundle)}, by {key}" if key else "none",
    }
    for name, value in rows.items():
        print(f"{name:<10}  {value}")
    if key is None:
        print("UNSIGNED: whoever can change what a board downloads can put any program on it. For your own desk only.")


if __name__ == "__main__":
    sys.exit(main())
