"""For who wants no agent, only the message."""

from . import message
from .http import call


def send(
    hub_url: str, device_id: str, access_key: str, values: dict, timeout: int = 10, requests=None, **fields
) -> message.Reply:
    """Sends one telemetry over the board's own urequests and gives back what the hub asks for.

    `values` and `fields` (`status`, `timestamp`, `override`, `message`) as for `message.build`; `timeout` in seconds;
    `requests`: any object with urequests' `request`. Raises MessageError before anything is sent, NetworkError without
    an answer, a HubError for a bad one, ReplyError for one that is not what the Device API promises.
    """
    url = "%s/v1/devices/%s/telemetry" % (hub_url.rstrip("/"), device_id)
    return message.Reply(call("POST", url, access_key, message.build(values, **fields), timeout, requests))
