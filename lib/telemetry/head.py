"""The head of a request: what may stand in it, and what a URL says. Made once for all requests that are alike."""

from json import dumps


def made(method: str, url: str, headers: dict | None) -> tuple:
    """The server, as `split` gives it, and the head but for Content-Length and the empty line. Raises ValueError."""
    server, host, path = split(url)
    _check("method", method)
    lines = ["%s %s HTTP/1.1\r\n" % (method, path)]
    headers = headers or {}
    for name in headers:
        _check("header", name.replace(":", " "))  # which is not allowed
        value = headers[name]
        _check(name, value.replace(" ", "-") or "-")
        kind = name.lower()
        if kind == "host":
            host = value
        elif kind != "content-length":  # which only the session knows
            lines.append("%s: %s\r\n" % (name, value))
    lines.append("Host: %s\r\n" % host)
    return server, "".join(lines).encode()


def as_json(value, headers: dict | None) -> tuple:
    """`value` as JSON, and `headers` that say so."""
    headers = dict(headers or ())
    if "content-type" not in map(str.lower, headers):
        headers["Content-Type"] = "application/json"
    return dumps(value), headers


def split(url: str) -> tuple:
    """The server of `url` as (scheme, host, port), the Host header, and the path with the query. Raises ValueError."""
    scheme, _, rest = url.partition("#")[0].partition("://")
    scheme = scheme.lower()
    host = rest.partition("/")[0].partition("?")[0]
    path = rest[len(host) :]
    if path[:1] != "/":
        path = "/" + path
    name, colon, port = host.partition(":")
    if not colon:
        port = "443" if scheme == "https" else "80"
    if scheme not in ("http", "https") or not name or "@" in host or not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError("url: expected one as https://hub.example.com/path")
    _check("url", host + path)
    return (scheme, name, int(port)), host, path


def _check(what, text):
    # What goes into the head of a request must not be able to end it. It may be a secret: not shown.
    for c in (text or " ").encode():  # what is empty is as bad as a blank
        if c < 33 or c == 127:
            raise ValueError("%s: a character that HTTP does not allow there" % what)
