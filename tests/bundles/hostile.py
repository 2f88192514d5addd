"""Bundles that no board may take, each with what its refusal must name."""

import hashlib
import struct
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

from tools.bundle import make_bundle, manifest_of, pack
from tools.bundle.archive import MANIFEST, manifest_text

VERSION = "1.1.0"
ANY_CHIP = None  # the interpreter of the tests names no chip
_RANDOM = Random(1)
FILES = {
    "lib/door.mpy": b"M\x06\x00\x1f" + _RANDOM.randbytes(700),
    "lib/kit/tool.py": b"x = 1\n" * 150,
    "main.py": b"import door\n",
    "page.html": b"",
}
GOOD = make_bundle(VERSION, FILES, ANY_CHIP)
Members = list[tuple[str | tarfile.TarInfo, bytes]]


def manifest(content: Mapping[str, bytes] = FILES, **changes: Any) -> bytes:
    return manifest_text(manifest_of(VERSION, content, ANY_CHIP) | changes)


def members(content: Mapping[str, bytes] = FILES, **changes: Any) -> Members:
    return [(MANIFEST, manifest(content, **changes)), *sorted(content.items())]


def named(name: str, data: bytes = b"x") -> bytes:
    """With a file of this name, in the manifest too."""
    return pack(members(FILES | {name: data}))


def typed(kind: bytes, **fields: Any) -> bytes:
    """With a member of another type in place of a file that the manifest lists."""
    member = tarfile.TarInfo("page.html")
    member.type = kind
    for name, value in fields.items():
        setattr(member, name, value)
    return pack([(member, data) if name == "page.html" else (name, data) for name, data in members()])


def gzipped(content: bytes, window: int = 10) -> bytes:
    deflate = zlib.compressobj(9, zlib.DEFLATED, 16 + window)
    return deflate.compress(content) + deflate.flush()


def tar_of(data: bytes) -> bytearray:
    return bytearray(zlib.decompress(data, 31))


def with_header(at: int, value: bytes, member: int = 1, is_checked: bool = True) -> bytes:
    """The good one, with `value` in a member's header at `at`, and its checksum made good, or not."""
    tar = tar_of(GOOD)
    start = 0
    for _ in range(member):
        size = int(tar[start + 124 : start + 135], 8)
        start += 512 * (1 + -(-size // 512))
    tar[start + at : start + at + len(value)] = value
    if is_checked:
        tar[start + 148 : start + 156] = b" " * 8
        tar[start + 148 : start + 156] = b"%06o\0 " % sum(tar[start : start + 512])
    return gzipped(bytes(tar))


def bomb(listed: int) -> bytes:
    """1 GB of zeros as main.py, in a MB; the manifest says that it has `listed` bytes."""
    text = manifest(FILES, files={"main.py": [listed, "0" * 64]})
    head = tarfile.TarInfo("main.py")
    head.size = 1 << 30
    start = bytes(tar_of(pack([(MANIFEST, text)])))[: 512 * (1 + -(-len(text) // 512))]
    deflate = zlib.compressobj(9, zlib.DEFLATED, -10)
    whole = deflate.compress(start + head.tobuf(tarfile.USTAR_FORMAT)) + deflate.flush(zlib.Z_FULL_FLUSH)
    zeros = deflate.compress(bytes(1 << 20)) + deflate.flush(zlib.Z_FULL_FLUSH)
    return b"\x1f\x8b\x08\0\0\0\0\0\2\xff" + whole + zeros * 1024 + deflate.flush() + struct.pack("<II", 0, 1 << 30)


def made_for_others() -> Iterator[tuple[str, bytes, str]]:
    yield "another chip", make_bundle(VERSION, FILES, "ESP32S3"), "chip: made for ESP32S3"
    yield "another abi", pack(members(abi=5)), "abi: made for 5"
    for version in ("9.0.0", "1.99.0"):
        yield (
            f"MicroPython {version}",
            make_bundle(VERSION, FILES, ANY_CHIP, version),
            f"micropython: made for {version}",
        )
    for wrong in ("latest", 1.24, [1, 24], "1.24.0-preview"):
        yield f"MicroPython {wrong!r}", pack(members(micropython=wrong)), "bundle: "
    for version in ("1.1.1", "1.0.0", "", None, 1):
        yield f"version {version!r}", pack(members(version=version)), f"version: made for {version}, not 1.1.0"


def with_path_tricks() -> Iterator[tuple[str, bytes, str]]:
    for name in (
        *("../x", "/x", "a/../../x", "a/../x", "..", ".", "./x", "a/.", "a//b", "a/", "//x", "\\x", "..\\x", "a\\b"),
        *("a/..", "../../../../x", "../b/main.py", "/flash/main.py", "/main.py"),
    ):
        yield f"name {name!r}", named(name), name.rstrip("/")
    for name in ("main.py/x", "lib/door.mpy/x"):
        yield f"name {name!r}", named(name), "bundle: "
    for name in ("..\0", "..\0/x", "manifest.json\0", "main.py\0x", "a\0b"):
        tar = FILES | {name: b"x"}
        yield f"name {name!r}", pack(members(tar)), "bundle: "
    yield "manifest.json twice", pack([*members(), (MANIFEST, manifest())]), MANIFEST
    yield "manifest.json listed", named(MANIFEST), MANIFEST
    text = manifest().replace(b'"main.py"', b'"page.html"')
    yield "a name twice", pack([(MANIFEST, text), *[it for it in members()[1:] if it[0] != "main.py"]]), "page.html"


def with_odd_members() -> Iterator[tuple[str, bytes, str]]:
    for what, kind, fields in (
        ("a hard link", tarfile.LNKTYPE, {"linkname": "main.py"}),
        ("a symbolic link", tarfile.SYMTYPE, {"linkname": "../../main.py"}),
        ("a device", tarfile.CHRTYPE, {"devmajor": 1}),
        ("a block device", tarfile.BLKTYPE, {"devmajor": 1}),
        ("a folder", tarfile.DIRTYPE, {}),
        ("a pipe", tarfile.FIFOTYPE, {}),
        ("a contiguous file", tarfile.CONTTYPE, {}),
        ("a sparse file", tarfile.GNUTYPE_SPARSE, {}),
        ("a long name of GNU", tarfile.GNUTYPE_LONGNAME, {}),
        ("a long link of GNU", tarfile.GNUTYPE_LONGLINK, {}),
        ("a pax header", tarfile.XHDTYPE, {}),
        ("a global pax header", tarfile.XGLTYPE, {}),
    ):
        yield what, typed(kind, **fields), "expected plain files"
    long = "lib/" + "d" * 60 + "/" + "f" * 60
    yield "a prefix", pack(members(FILES | {long: b"x"})), "expected plain files"
    yield "not UTF-8", with_header(0, b"\xff\xfe"), "bundle: "
    yield "a checksum that is wrong", with_header(0, b"x", is_checked=False), "no tar header"
    yield "a checksum that is none", with_header(148, b"zzzzzz", is_checked=False), "bundle: broken"
    for size in (
        *(b"00000001277", b"00000001301", b"77777777777", b"00000000000", b"-0000000001", b"99999999999"),
        *(b"           ", b"\x80\0\0\0\0\0\0\0\0\0\1"),
    ):
        yield f"size {size!r}", with_header(124, size), "bundle: "


def with_odd_files() -> Iterator[tuple[str, bytes, str]]:
    for gone in FILES:
        rest = [(name, data) for name, data in members() if name != gone]
        yield f"{gone} missing", pack(rest), gone
    yield "one too many", pack([*members(), ("zzz", b"")]), "zzz"
    yield "another order", pack([members()[0], *reversed(members()[1:])]), "page.html"
    yield "a letter more than the tar's", with_header(0, b"x" * 100, 3), "bundle: "
    yield "no main.py", pack(members({"page.html": b""})), "main.py"
    yield "nothing listed", pack([(MANIFEST, manifest({}))]), "bundle: "
    other = [(name, b"import d00r\n" if name == "main.py" else data) for name, data in members()]
    yield "other bytes", pack(other), "main.py"
    yield "no manifest", pack(members()[1:]), "manifest.json first"
    yield "the manifest last", pack([*members()[1:], members()[0]]), "manifest.json first"
    yield "a listing of 33 KB", pack([(MANIFEST, b" " * 33000), *members()[1:]]), "manifest.json first"
    name = "lib/door.mpy"
    right = manifest_of(VERSION, FILES, ANY_CHIP)["files"]
    size, digest = right[name]
    for told in (
        [size - 1, digest],
        [size + 1, digest],
        [str(size), digest],
        [size, "0" * 64],
        [size, None],
        [0, digest],
    ):
        yield f"listed as {told}", pack(members(files=right | {name: told})), name
    for odd in ([size], [], {}, None, 5, "x"):
        yield f"listed as {odd}", pack(members(files=right | {name: odd})), "bundle: "
    for text in (b"", b"\n", b"null", b"[]", b"{", b"\xff\xfe", b"{" * 5000, b"x" * 32768, b'{"files": 1}', b'"' * 999):
        yield f"manifest {text[:9]!r}", pack([(MANIFEST, text), *members()[1:]]), "bundle: "
    head, rest = manifest().split(b"\n", 1)
    for text in (b"5", b'{"x": [1]}', b"[]", b'"],', b"{" * 3000 + b"]", b"[" * 30000 + b"]"):
        yield f"listed {text[:9]!r}", pack([(MANIFEST, head + b"\n" + text + b"\n" + rest), *members()[1:]]), "bundle: "


def not_bundles() -> Iterator[tuple[str, bytes, str]]:
    yield "empty", b"", "bundle: "
    yield "not gzip", b"P" * 2000, "bundle: "
    yield "not tar", gzipped(b"no tar at all" * 200), "bundle: broken"
    yield "zeros", gzipped(bytes(4096)), "manifest.json first"
    yield "gzip of nothing", gzipped(b""), "breaks off"
    yield "raw deflate", GOOD[10:], "bundle: "
    yield "random", b"\x1f\x8b\x08\0\0\0\0\0\2\xff" + _RANDOM.randbytes(3000), "bundle: "
    yield "a bomb", bomb(1 << 30), "the flash has no room"
    yield "a bomb that lies", bomb(12), "main.py"


def refused() -> list[tuple[str, bytes, str]]:
    """What it is, its bytes, and what the refusal names. Each is signed, as if its maker had made it."""
    return [*made_for_others(), *with_path_tricks(), *with_odd_members(), *with_odd_files(), *not_bundles()]


def cut_off() -> list[bytes]:
    end = len(GOOD) - 8  # where gzip's tail begins
    return [GOOD[:size] for size in sorted({*range(1, 30), *range(30, end, 61), *range(end - 4, end)})]


def tampered(places: int = 200) -> list[bytes]:
    """The good one, with one byte of each region changed: all of gzip's head and tail, and so many others."""
    size = len(GOOD)
    step = max(1, (size - 40) // places)
    found = []
    for at in sorted({*range(32), *range(32, size - 8, step), *range(size - 8, size)}):
        data = bytearray(GOOD)
        data[at] ^= 1 << _RANDOM.randrange(8)
        found.append(bytes(data))
    return found


def checksum(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
