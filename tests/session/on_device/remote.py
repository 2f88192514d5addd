"""A `Session` under MicroPython in the hands of a test. A line of JSON in is a call, a line of JSON out its result.

What the library prints goes out as well; a result begins with the byte 0x1e, so that the two are not mixed up.
"""

import gc
import hashlib
import io
import json
import os
import sys
from binascii import hexlify, unhexlify

gc.threshold(16 * 1024)  # as boot.py does

from sockets import Sockets  # noqa: E402 - after the line above

sockets = sys.modules["socket"] = Sockets()

from telemetry import errors  # noqa: E402 - with the sockets above
from telemetry.http import Session  # noqa: E402

_KINDS = (
    "NetworkError",
    "TimedOut",
    "TlsError",
    "BadAnswer",
    "HeadTooLarge",
    "BodyTooLarge",
    "Unanswered",
    "ReplyError",
    "HubError",
    "NotFound",
)
session = None


def use(ca=None, **options):
    """Makes the session of all later calls, in place of the one before. `ca`: certificates, each in hex; or one."""
    global session
    close()
    if ca is not None:
        options["ca"] = unhexlify(ca) if isinstance(ca, str) else [unhexlify(one) for one in ca]
    session = Session(**options)


def use_requests():
    """Uses MicroPython's own `requests` in place of a session."""
    global session
    import requests

    close()
    session = requests


def close():
    if isinstance(session, Session):
        session.close()


def request(method, url, data=None, repeat=None, kind="bytes", wanted=None, **options):
    """One request, its answer as plain values. `data` is text, or a pattern to be repeated; `kind` its type.

    `wanted`: the names of the headers to give back; all, if it is None; with none they are not even looked for.
    """
    response = session.request(method, url, data=_body(data, repeat, kind), **options)
    try:
        content = response.content
        answer = {
            "status": response.status_code,
            "length": len(content),
            "sha256": _hex(hashlib.sha256(content).digest()),
            "headers": _headers(response, wanted),
        }
        if len(content) <= 2048:
            answer["content"] = _hex(content)
        return answer
    finally:
        response.close()


def verbs(url):
    """The short forms of `request`."""
    return [
        session.get(url).status_code,
        session.post(url, data="a").status_code,
        session.put(url, json={"b": 1}).status_code,
        session.delete(url).status_code,
    ]


def growing_headers(url):
    """Two requests with the same dict, which has got something in it by the second."""
    headers = {}
    statuses = [session.get(url, headers=headers).status_code]
    headers["X-Later"] = "1"
    return statuses + [session.get(url, headers=headers).status_code]


def text_and_json(url):
    """Both, of one answer."""
    response = session.request("GET", url)
    try:
        return [response.text, response.json()]
    finally:
        response.close()


def repeated(count, method, url, **options):
    """So many requests; gives back the statuses that came, without repetitions."""
    return list({request(method, url, **options)["status"] for _ in range(count)})


def stream(url, buffer=512, most=None, raw=False, **options):
    """Reads the body piece by piece, at most `most` bytes, and closes."""
    response = session.request("GET", url, stream=True, **options)
    source = response.raw if raw else response
    view = memoryview(bytearray(buffer))
    digest, length = hashlib.sha256(), 0
    try:
        while (most is None or length < most) and (read := source.readinto(view)):
            digest.update(view[:read])
            length += read
    finally:
        response.close()
    return {"status": response.status_code, "length": length, "sha256": _hex(digest.digest())}


def forget_stream(url):
    """Reads a little of a body, and neither reads on nor closes."""
    session.request("GET", url, stream=True).readinto(bytearray(100))


def call(method, url, headers=None, data=None, timeout=30):
    """The library's own way to ask, over this session."""
    from telemetry.rest import adapted, call

    return call(adapted(session), method, url, headers or {}, data and data.encode(), timeout)


def fail_often(urls, count, timeout):
    """So many requests that must all fail, by turns: file descriptors and heap before and after, what was raised."""
    raised = {}
    before = None
    count += -count % len(urls)  # so that the last one before is the last one after
    for index in range(-10 * len(urls), count):  # the first ones fill what is filled once
        if index == 0:
            before = {"fds": fds(), "heap": heap()}
        try:
            request("GET", urls[index % len(urls)], timeout=timeout)
            name = "nothing"
        except Exception as error:
            name = type(error).__name__
        raised[name] = raised.get(name, 0) + 1
    return {"before": before, "after": {"fds": fds(), "heap": heap()}, "raised": raised}


def fds():
    """How many file descriptors are open."""
    return len(os.listdir("/proc/self/fd"))


def heap():
    """Bytes in use that are not garbage."""
    gc.collect()
    return gc.mem_alloc()


def lookups():
    """How many names were looked up so far."""
    return sockets.lookups


def name(name, port):
    """From now on `name` is this machine at that port, whichever port a URL says."""
    sockets.names[name] = port


def watch(on):
    """Lists what is done with the sockets that are made from now on; gives back the list so far."""
    log = sockets.log
    sockets.log = [] if on else None
    return log


def _body(data, repeat, kind):
    if data is None or isinstance(data, dict):
        return data
    if kind == "str":
        return data * (repeat or 1)
    data = data.encode() * (repeat or 1)
    return bytearray(data) if kind == "bytearray" else data


def _headers(response, wanted):
    if wanted is None:
        return getattr(response, "headers", None)
    return {name: response.headers[name] for name in wanted}


def _hex(data):
    return hexlify(data).decode()


def _failure(error):
    kinds = [kind for kind in _KINDS if isinstance(error, getattr(errors, kind))]
    text = str(error)
    trace = io.StringIO()
    if len(text) < 1000:
        sys.print_exception(error, trace)
    return {"error": type(error).__name__, "kinds": kinds, "text": text[:1000], "trace": trace.getvalue()}


def main():
    while line := sys.stdin.readline():
        job = json.loads(line)
        try:
            answer = {"value": globals()[job.pop("do")](**job)}
        except (Exception, KeyboardInterrupt) as error:
            answer = _failure(error)
        print("\x1e" + json.dumps(answer))


main()
