"""Who may ask: devices by their access key, the cloud by its own key. Neither opens the other's doors."""

import hashlib
import hmac
import secrets
from typing import Annotated

from fastapi import Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import select
from sqlalchemy.orm import Session

from tools.hub.context import Context, Hub
from tools.hub.db import Device
from tools.hub.errors import Refused

_ACCESS_KEY = APIKeyHeader(name="Authorization", scheme_name="access key", auto_error=False)
CLOUD_KEY = HTTPBearer(scheme_name="cloud key", auto_error=False)


def new_key() -> str:
    """A key nobody can guess: 128 random bits, of URL-safe characters. Short: it goes up with every request."""
    return secrets.token_urlsafe(16)


def fingerprint(key: str) -> str:
    """What is kept of an access key. A plain hash will do: the key is random, so there is nothing to try out."""
    return hashlib.sha256(key.encode("utf-8")).hexdigest()


def device_only(device_id: str, hub: Hub, key: Annotated[str | None, Security(_ACCESS_KEY)]) -> None:
    """Let pass who holds the access key of the device in the path. A dependency of every router under the device.

    Raises Refused: 401 for a key that no device holds, 403 for another device's id, 404 for an id that no device has.
    """
    with hub.database.transaction() as session:
        device = key and session.scalar(select(Device).where(Device.key_hash == fingerprint(key)))
        if not device:
            raise Refused(401, "Authorization: the access key of a registered device is expected")
        if device.id != device_id:
            if session.get(Device, device_id) is None:
                raise Refused(404, "id: there is no such device")
            raise Refused(403, "id: the access key is another device's")
        device.last_seen = hub.now()


def own_device(session: Session, device_id: str) -> Device:
    """The device of an authenticated request. Raises Refused (401) if it was deleted in the meantime."""
    device = session.get(Device, device_id)
    if device is None:
        raise Refused(401, "Authorization: the device was deleted")
    return device


def cloud_only(hub: Hub, given: Annotated[HTTPAuthorizationCredentials | None, Security(CLOUD_KEY)]) -> None:
    """Let pass who holds the cloud key. A dependency of the cloud's own router. Raises Refused (401)."""
    if given is None or not same(given.credentials, hub.cloud_key):
        raise Refused(401, "Authorization: Bearer and the cloud key are expected", {"WWW-Authenticate": "Bearer"})


def hardware_key_accepted(hub: Context, key: str) -> bool:
    """Whether a device with this hardware key may register."""
    return hub.hardware_keys is None or any(same(key, accepted) for accepted in hub.hardware_keys)


def same(a: str, b: str) -> bool:
    """Whether two keys are the same, in a time that does not tell how far they are."""
    return hmac.compare_digest(a.encode("utf-8"), b.encode("utf-8"))
