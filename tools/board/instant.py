"""Whether this is an instant at which a stopped MicroPython may be interrupted.

The Unix port's handler of SIGINT jumps out of whatever runs. Inside the memory manager that leaves the heap locked for
good, inside TLS perhaps the C library's heap, inside LittleFS a broken file system, none of which can happen on the
chip: so look at the stack first. Where the system or the interpreter does not let us look (not Linux, no symbols),
every instant is as good as another.
"""

import bisect
import functools
import os
import re
import struct
from pathlib import Path

_KINDS = re.compile(
    rb"(?P<memory>gc_|m_|qstr_|mp_map_|mbedtls_)|(?P<interpreter>mp_execute_bytecode\0)"
    rb"|(?P<files>lfs[12]?_|f_(?:open|close|read|write|sync|unlink|rename|mkdir|stat|readdir|truncate|mount)\0)"
)
_SCANNED_BYTES = 8192
_SECTION = struct.Struct("<IIQQQQIIQQ")
_SYMBOL = struct.Struct("<IBBHQQ")
_SYMTAB, _FUNCTION = 2, 2


def is_safe(pid: int, in_files: bool = False) -> bool:
    """True unless the stopped process is seen to be inside a function that must not be left half done.

    `in_files`: it may be one of the file system, for a program that does nothing but write.
    """
    try:
        stack, here = (int(word, 16) for word in Path(f"/proc/{pid}/syscall").read_text().split()[-2:])
        base, functions = _locate(pid)
        with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
            memory.seek(stack)
            data = memory.read(_SCANNED_BYTES)
    except (OSError, ValueError, struct.error):
        return True
    # Words left over from earlier calls look the same as return addresses: that costs another try, no more.
    innermost = True
    for address in (here, *struct.unpack_from(f"<{len(data) // 8}Q", data)):
        # The very begin of a function is a pointer to it, no return address.
        i = bisect.bisect_left(functions, (address - base,)) - 1
        if i < 0 or address - base >= functions[i][1]:
            continue
        kind = functions[i][2]
        if kind == "interpreter":
            innermost = False  # what manages memory is never below a running bytecode, a file system may be
        elif innermost if kind == "memory" else not in_files:
            return False
    return True


def _locate(pid: int) -> tuple[int, list[tuple[int, int, str]]]:
    """Where MicroPython's code begins in this process, and the functions that matter in it, sorted."""
    for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
        words = line.split(None, 5)
        if len(words) == 6 and int(words[2], 16) == 0 and "micropython" in os.path.basename(words[5]):
            base = int(words[0].partition("-")[0], 16)
            found = _functions(words[5])
            # An executable that is not position-independent has absolute addresses already.
            return (base if found and found[0][0] < base else 0), found
    return 0, []


@functools.cache
def _functions(path: str) -> list[tuple[int, int, str]]:
    """(begin, end, kind) of the functions that matter of a 64-bit little-endian ELF file; none if it has no symbols."""
    image = Path(path).read_bytes()
    if image[:6] != b"\x7fELF\x02\x01":
        return []
    (table,) = struct.unpack_from("<Q", image, 0x28)
    _, count = struct.unpack_from("<HH", image, 0x3A)
    sections = [_SECTION.unpack_from(image, table + i * _SECTION.size) for i in range(count)]
    found = []
    for section in sections:
        if section[1] != _SYMTAB:
            continue
        names = sections[section[6]][4]
        for name, info, _, _, begin, size in _SYMBOL.iter_unpack(image[section[4] : section[4] + section[5]]):
            kind = _KINDS.match(image, names + name) if info & 15 == _FUNCTION and size else None
            if kind:
                found.append((begin, begin + size, str(kind.lastgroup)))
    return sorted(found)
