"""A hub that has a firmware, at the level of HTTP, and bundles made on the spot: nothing in them is compressed."""

import hashlib
import json
from binascii import crc32, hexlify

from fakes import Response
from queue_hub import QueueHub

URL = "https://files/app"


def hexed(data):
    return hexlify(hashlib.sha256(data).digest()).decode()


def _member(name, data):
    head = bytearray(512)
    head[: len(name)] = name.encode()
    head[100:108] = b"0000644\0"
    head[124:136] = b"%011o\0" % len(data)
    head[148:156] = b" " * 8
    head[156:157] = b"0"
    head[257:263] = b"ustar\0"
    head[148:156] = b"%06o\0 " % sum(head)
    return bytes(head) + data + bytes(-len(data) % 512)


def bundle(version="1.1.0", room=4000, chip=None, **files):
    """`files`: name, without its .py, -> bytes."""
    files = {name + ".py": data for name, data in files.items()}
    files.setdefault("main.py", b"pass\n")
    head = {"abi": None, "chip": chip, "micropython": "1.24.0", "version": version}
    lines = ['"%s": [%d, "%s"]' % (name, len(files[name]), hexed(files[name])) for name in sorted(files)]
    text = json.dumps(head)[:-1] + ', "files": {\n' + ",\n".join(lines) + "\n}}\n"
    tar = _member("manifest.json", text.encode())
    tar += b"".join(_member(name, files[name]) for name in sorted(files)) + bytes(512)
    size = len(tar).to_bytes(2, "little")
    out = b"\x1f\x8b\x08\x10\0\0\0\0\2\xff" + b"room=%d\0" % room
    out += b"\1" + size + bytes(byte ^ 255 for byte in size) + tar
    return out + crc32(tar).to_bytes(4, "little") + len(tar).to_bytes(4, "little")


class Download(Response):
    """An answer that is streamed, in pieces of odd sizes. `cut`: how many bytes come before it breaks off."""

    def __init__(self, hub, status, body, headers, cut=None):
        super().__init__(status, body, headers)
        self.hub = hub
        self.left = memoryview(body)
        self.cut = len(body) + 1 if cut is None else cut

    def readinto(self, buffer):
        from telemetry.errors import NetworkError

        assert not self.closed and self.hub.renewed
        self.hub.renewed = False
        count = min(len(buffer), len(self.left), 700, self.cut)
        if not self.cut:
            raise NetworkError("it breaks off")
        self.cut -= count
        buffer[:count] = self.left[:count]
        self.left = self.left[count:]
        self.hub.got += count
        self.hub.on_piece()
        return count


class UpdateHub(QueueHub):
    """`data`: the file at URL. `trouble`: what comes in place of the next answers to a GET of it: a status, an
    exception, (status, headers), "cut" after some bytes, or None. `then`: a second command."""

    def __init__(self, data=b"", then=None, etag='"e1"', is_ordered=True, **parameters):
        self.data = data
        self.etag = etag
        self.trouble = []
        self.headers = []  # of each GET of the file
        self.got = 0
        self.renewed = False
        self.on_piece = lambda: None
        self.on_get = lambda: None
        self.url = URL
        self.newest = {}  # what a telemetry's reply names
        self.about = dict(self.parameters(), id="f-1")
        self.facts = {}
        self.told = []  # telemetries
        self.notices = []
        self.device = "d-1"
        order = {"id": "c-1", "name": "update_firmware", "parameters": self.parameters(**parameters)}
        super().__init__(*(each for each in (order if is_ordered else None, then) if each))

    def parameters(self, **changes):
        return dict({"version": "1.1.0", "url": URL, "checksum": hexed(self.data), "signature": None}, **changes)

    def renew(self, timeout):
        assert timeout
        self.renewed = True

    def request(self, method, url, data=None, headers=None, timeout=None, stream=False, redirects=0):
        if stream:
            return self.file(url, headers)
        path = url.split("/v1/devices")[1]
        if path == "":
            return Response(200, {"id": self.device, "access_key": "key-2", "hub_url": "http://hub"})
        if not path.startswith("/" + self.device):
            return Response(401, {})
        path = path[1 + len(self.device) :]
        if path == "":
            self.facts.update(json.loads(data))
            return Response(200, {})
        if path == "/files/f-1":
            return Response(200, self.about) if self.about else Response(404, {})
        if path == "/telemetry":
            self.told.append(json.loads(data))
            return Response(200, dict(self.newest, success=True, command=bool(self.queue())))
        if path.startswith("/incidents"):
            self.notices.append((method, json.loads(data) if data else None))
            return Response(200, [] if method == "GET" else {"incident_id": "i-1"})
        url = "http://hub/v1/devices/d-1" + path
        return super().request(method, url, data, headers, timeout)

    def file(self, url, headers):
        assert "Authorization" not in headers
        self.headers.append(headers)
        self.on_get()
        self.renewed = True
        trouble = self.trouble.pop(0) if self.trouble else None
        if isinstance(trouble, Exception):
            raise trouble
        if isinstance(trouble, int):
            return Download(self, trouble, b"", {})
        if isinstance(trouble, tuple):
            return Download(self, trouble[0], self.data, trouble[1])
        if url != self.url:
            return Download(self, 404, b"", {})
        at = 0
        status = 200
        fields = {"etag": self.etag} if self.etag else {}
        if "Range" in headers and headers.get("If-Range", self.etag) == self.etag:
            at = int(headers["Range"][6:-1])
            status = 206
            fields["content-range"] = "bytes %d-%d/%d" % (at, len(self.data) - 1, len(self.data))
        fields["content-length"] = str(len(self.data) - at)
        return Download(self, status, self.data[at:], fields, 2500 if trouble == "cut" else None)
