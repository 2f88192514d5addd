"""The headers of an answer, for who asks for them (RFC 9112, section 5)."""


def headers_of(buffer: bytearray, head: int) -> dict:
    """Those in the first `head` bytes of `buffer`: names in lower case -> values. Folded lines are joined; of several
    with one name the last counts; what is no UTF-8 is left out, and what finds no memory. A value is copied once: it
    may be 8 KiB long."""
    view = memoryview(buffer)
    found: dict = {}
    name = ""  # of the field that a folded line belongs to, if there is one
    at = buffer.find(b"\n") + 1
    while at < head:
        end = buffer.find(b"\n", at)
        is_folded = buffer[at] in b" \t"
        colon = at if is_folded else buffer.find(b":", at, end)
        start = colon + 1
        while start < end and buffer[start] in b" \t":
            start += 1
        last = end
        while last > start and buffer[last - 1] in b" \t\r":
            last -= 1
        try:
            if not is_folded:
                name = ""
                if colon > at:
                    field = str(view[at:colon], "utf-8").lower()
                    found[field] = str(view[start:last], "utf-8")
                    name = field
            elif name:
                found[name] = (found[name] + " " + str(view[start:last], "utf-8")).strip()
        except UnicodeError:
            pass
        except MemoryError:
            break
        at = end + 1
    return found
