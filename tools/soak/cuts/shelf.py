"""The server that has the hub's files: a firmware of each version."""

from binascii import a2b_base64

URL = "http://store/"
_AT_ONCE = 512  # bytes
_EACH_MS = 10 * 1000  # so much the board's clock goes on with each: an answer is not read to its end within an interval

bundles = {}  # version -> data, checksum, signature
images = {}
files = bundles  # those of the kind that is tried
factory = {}  # path -> content, of the files that come over the cable


def prepare(plan):
    """Takes what the host made."""
    factory.update(plan["factory"])
    for kind, made in ((bundles, plan["bundles"]), (images, plan["images"])):
        for version, file in made.items():
            kind[version] = dict(file, data=a2b_base64(file["data"]))


def described(version):
    """As get file has it."""
    file = files[version]
    return {
        "id": "f-" + version,
        "url": URL + version,
        "version": version,
        "checksum": file["checksum"],
        "signature": file["signature"],
    }


class Part:
    """An answer with a file, or with what Range asks for."""

    def __init__(self, world, url, headers, sleep):
        version = url[len(URL) :]
        data = files[version]["data"]
        etag = '"%s"' % files[version]["checksum"]
        self.status_code = 200
        self.headers = {"etag": etag, "accept-ranges": "bytes"}
        self.at = 0
        asked = headers.get("Range")
        if asked and headers.get("If-Range", etag) == etag:
            self.status_code = 206
            self.at = int(asked[6:-1])
            self.headers["content-range"] = "bytes %d-%d/%d" % (self.at, len(data) - 1, len(data))
        self.headers["content-length"] = str(len(data) - self.at)
        self.data = memoryview(data)
        self.begun = self.at
        self.world = world
        self.sleep = sleep
        world.now["slices"] += 1
        world.touch()

    def readinto(self, buffer):
        self.sleep(_EACH_MS)
        count = min(len(buffer), _AT_ONCE, len(self.data) - self.at)
        buffer[:count] = self.data[self.at : self.at + count]
        self.at += count
        return count

    def close(self):
        if self.data:
            self.world.now["served"] += self.at - self.begun
            self.world.touch()
            self.data = None
