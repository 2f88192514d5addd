"""For who wants no agent, only the message."""

from . import message
from .rest import call


def send(
    hub_url: str, device_id: str, access_key: str, values: dict, timeout: int = 10, requests=None, **fields
) -> message.Reply:
    """Sends one telemetry over the board's own urequests and gives back what the hub asks for.

    `values` and `fields` (`status`, `timestamp`, `override`, `message`) as for `message.build`; `timeout` in seconds;
    `requests`: any object with urequests' `request`, as an `http.Session`, which verifies the server. Raises
    MessageError before anything is sent, NetworkError without an answer, a HubError for a bad one, ReplyError for one
    that is not what the Device API promises.
    """
    url = "%s/v1/devices/%s/telemetry" % (hub_url.rstrip("/"), device_id)
    headers = {"Authorization": access_key, "Content-Type": "application/json"}
    return message.Reply(call(requests or _Own, "POST", url, headers, message.build(values, **fields), timeout))


class _Own:
    # The board's own module: `requests`, or `urequests` as it was called before MicroPython 1.22.

    @staticmethod
    def request(*arguments, **options):
        try:
            from requests import request
        except ImportError:
            from urequests import request  # type: ignore[no-redef, import-not-found]
        return request(*arguments, parse_headers=_keep_header, **options)


def _keep_header(line, headers):
    # It would follow a redirect without the time-out, and hand the access key to whatever host that names.
    name, _, value = line.decode().partition(":")
    if name.lower() == "location":
        raise OSError("a redirect, which is not followed")
    headers[name] = value.strip()
