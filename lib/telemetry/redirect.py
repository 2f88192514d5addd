"""Where a redirect leads, for who asks to follow it (RFC 9110, section 10.2.2)."""

from . import errors, once


def follow(url: str, headers: dict | None, location: str) -> tuple:
    """The address and the headers of the request that comes next. Raises BadAnswer for a `location` that leads nowhere,
    and NetworkError from https to http. The Authorization header goes to no other server."""
    if not location:
        raise errors.BadAnswer("a redirect that does not say where to")
    scheme, _, place = url.partition("#")[0].partition("://")
    head, colon, _ = location.partition(":")
    if location.startswith("//"):
        location = scheme + ":" + location
    elif not colon or "/" in head or "?" in head:  # a place at this server
        path = place.partition("?")[0]
        if location.startswith("/"):
            path = path.partition("/")[0]
        elif not location.startswith("?"):
            path = (path.rpartition("/")[0] or path) + "/"
        location = scheme + "://" + path + location
    try:
        server, old = once("head", "split", location)[0], once("head", "split", url)[0]
    except ValueError:
        raise errors.BadAnswer("a redirect to where no request can go")
    if old[0] == "https" != server[0]:
        raise errors.NetworkError("a redirect from https to http")
    if headers and server != old:
        headers = dict(headers)
        for name in list(headers):
            if name.lower() == "authorization":
                del headers[name]
    return location, headers
