"""The floor: what a telemetry costs at least. A hand-written loop for this one hub and this one message: one kept
socket, a head that is ready but for the body's length, one buffer for the answer. No validation, no limits, no errors.
"""

import json
import select
import socket

_LENGTH = b"0000"  # digits of Content-Length, put in place


class Floor:
    """One connection. `ca`: for https, the certificate in DER that has signed the hub's."""

    def __init__(self, url, identity, ca=None):
        scheme, _, place = url.partition("://")
        host, _, port = place.partition(":")
        self._socket = socket.socket()
        self._socket.connect(socket.getaddrinfo(host, int(port))[0][-1])
        # The plain socket also for https: that of TLS is asked once a millisecond, which is longer than the hub takes.
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)
        if scheme == "https":
            self._socket = secured(self._socket, host, ca)
        self._socket.setblocking(False)  # so that readinto gives what is there
        head = "POST /v1/devices/%s/telemetry HTTP/1.1\r\nHost: %s\r\nAuthorization: %s\r\n" % (
            identity["id"],
            place,
            identity["access_key"],
        )
        head += "Content-Type: application/json\r\nContent-Length: "
        self._out = bytearray(head.encode() + _LENGTH + b"\r\n\r\n")
        self._digits = len(head)
        self._start = len(self._out)
        self._out.extend(bytes(1024))
        self._in = bytearray(1024)
        self._body = {"status": "online", "telemetries": None}

    def send(self, values):
        """One telemetry; gives back the reply as a dict."""
        self._body["telemetries"] = values
        body = json.dumps(self._body, separators=(",", ":"))
        out = self._out
        start = self._start
        length = len(body)
        out[start : start + length] = body.encode()  # which shares the text's bytes
        at = self._digits + 3
        left = length
        for _ in range(4):
            out[at] = 48 + left % 10
            left //= 10
            at -= 1
        self._socket.write(out, start + length)
        return self._read()

    def _read(self):
        buffer = self._in
        have = 0
        end = 0
        while not end or have < end:
            self._poll.ipoll(10000).__next__()
            got = self._socket.readinto(memoryview(buffer)[have:] if have else buffer)
            if got is None:
                continue  # half a TLS record
            if not got:
                raise OSError("closed")
            have += got
            if not end:
                end, start = _framed(buffer, have)
        return json.loads(memoryview(buffer)[start:end])


def _framed(buffer, have):
    start = buffer.find(b"\r\n\r\n", 0, have) + 4
    if start < 4:
        return 0, 0
    at = buffer.find(b"content-length: ") + 16
    length = 0
    while buffer[at] != 13:
        length = length * 10 + buffer[at] - 48
        at += 1
    return start + length, start


def secured(sock, host, ca):
    """TLS with the hub's certificate verified."""
    import tls

    context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    context.verify_mode = tls.CERT_REQUIRED
    context.load_verify_locations(ca)
    return context.wrap_socket(sock, server_hostname=host)


def prepare(config):
    """A function that sends one telemetry."""
    floor = Floor(config["url"], config["identity"], config.get("ca"))
    return lambda readings: floor.send(readings.changed)
