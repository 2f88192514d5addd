"""A device in a few lines of httpx, for tests of the hub and for trying it out by hand."""

from typing import TYPE_CHECKING, Any

import httpx

from tools.hub.client import trust

if TYPE_CHECKING:
    from tools.hub import LocalHub

IDENTITY: dict[str, Any] = {
    "hardware_key": "hw-key-of-the-model",
    "sn": "SN-1",
    "mac": "a4:cf:12:9b:00:7e",
    "firmware_version": "1.0.0",
}


def call(method: str, url: str, ca: bytes | None = None, **more: Any) -> httpx.Response:
    """One request on a connection of its own; `ca` is the hub's, if it speaks https. No proxy is asked."""
    return httpx.request(method, url, trust_env=False, verify=trust(url, ca), **more)


def register(url: str, ca: bytes | None = None, **changes: Any) -> httpx.Response:
    """The hub's answer to a registration with IDENTITY and these changes; a field given as `...` is left out."""
    fields = {name: value for name, value in (IDENTITY | changes).items() if value is not ...}
    return call("POST", f"{url}/v1/devices", ca, json=fields)


def cloud_call(hub: "LocalHub", method: str, path: str, **more: Any) -> httpx.Response:
    """One request to the cloud's interface, with its key."""
    headers = {"Authorization": f"Bearer {hub.cloud_key}"} | more.pop("headers", {})
    return call(method, f"{hub.url}/cloud/v1{path}", hub.ca, headers=headers, **more)


def refused(answer: httpx.Response, status: int, field: str) -> bool:
    """Whether this is the error with this status, in the one form, naming the field. Raises AssertionError if not."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/json"), answer.text
    assert list(answer.json()) == ["error"] and field in answer.json()["error"], answer.text
    return True


class TestDevice:
    """A registered device with one kept connection. `id` and `key` are the hub's; `close()` it at the end."""

    __test__ = False  # no test class, whatever pytest thinks of its name

    def __init__(self, url: str, ca: bytes | None = None, **changes: Any) -> None:
        """Register at `url`; `ca` is `LocalHub.ca`. Raises httpx.HTTPStatusError if the hub refuses."""
        self.registration: dict[str, str] = register(url, ca, **changes).raise_for_status().json()
        self.id = self.registration["id"]
        self.key = self.registration["access_key"]
        self.url = f"{url}/v1/devices/{self.id}"
        self._client = httpx.Client(trust_env=False, verify=trust(url, ca))

    def request(self, method: str, path: str = "", key: str | None = None, **more: Any) -> httpx.Response:
        """One request under the device's own path, with its own key or another; an empty `key` sends none."""
        key = self.key if key is None else key
        headers = {"Authorization": key} if key else {}
        return self._client.request(method, self.url + path, headers=headers | more.pop("headers", {}), **more)

    def send(self, telemetries: dict[str, Any] | None = None, status: str = "online", **more: Any) -> httpx.Response:
        """Send telemetry."""
        values = {} if telemetries is None else {"telemetries": telemetries}
        return self.request("POST", "/telemetry", json={"status": status} | values | more)

    def close(self) -> None:
        self._client.close()
