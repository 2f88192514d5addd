"""What an operator does with a device's licences."""

from typing import Annotated, Any

from pydantic import StringConstraints
from sqlalchemy.orm import Session

from tools.hub.body import Time
from tools.hub.cloud import find_device
from tools.hub.context import Context
from tools.hub.db import row_of, rows_of
from tools.hub.errors import Refused
from tools.hub.licenses import License
from tools.hub.operations import UNCHANGED, cloud_router, operation

LicenseData = Annotated[str, StringConstraints(min_length=1, max_length=65536)]
Signature = Annotated[str, StringConstraints(max_length=2000)]  # whatever it says: a forged one is a test as well

router = cloud_router()


@operation(router, "POST", "/devices/{device_id}/licenses")
def give_license(
    hub: Context,
    device_id: str,
    data: LicenseData,
    expires_at: Time | None = None,
    signature: Signature | None = None,
) -> dict[str, Any]:
    """Have a device add a licence. Without `signature` it is the maker's own over `data`, in UTF-8."""
    signature = hub.maker.sign(data.encode()) if signature is None else signature
    license = License(device_id=device_id, data=data, signature=signature, expires_at=expires_at, created_at=hub.now())
    with hub.database.transaction() as session:
        find_device(session, device_id)
        license.ask(session, "add")
        session.add(license)
        session.flush()
        shown = license.public()
    return _told(hub, device_id, shown)


@operation(router, "PUT", "/devices/{device_id}/licenses/{license_id}")
def update_license(
    hub: Context,
    device_id: str,
    license_id: str,
    data: LicenseData = UNCHANGED,
    expires_at: Time | None = UNCHANGED,
    signature: Signature = UNCHANGED,
) -> dict[str, Any]:
    """Have a device update a licence. New `data` is signed anew unless `signature` is given."""
    if data is not UNCHANGED and signature is UNCHANGED:
        signature = hub.maker.sign(data.encode())
    changes = {"data": data, "expires_at": expires_at, "signature": signature}
    with hub.database.transaction() as session:
        license = _find(session, device_id, license_id)
        for field, value in changes.items():
            if value is not UNCHANGED:
                setattr(license, field, value)
        # One that the device has not added yet is still to be added.
        license.ask(session, "add" if license.action == "add" else "update")
        shown = license.public()
    return _told(hub, device_id, shown)


@operation(router, "DELETE", "/devices/{device_id}/licenses/{license_id}")
def take_license(hub: Context, device_id: str, license_id: str) -> dict[str, Any]:
    """Have a device remove a licence."""
    with hub.database.transaction() as session:
        license = _find(session, device_id, license_id)
        license.ask(session, "remove")
        shown = license.public()
    return _told(hub, device_id, shown)


@operation(router, "GET", "/devices/{device_id}/licenses")
def licenses(hub: Context, device_id: str) -> list[dict[str, Any]]:
    """Every licence of a device, oldest first: `action` is the change that it has not answered yet, `state` and `error`
    what it said last, `history` all that it said."""
    with hub.database.transaction() as session:
        find_device(session, device_id)
        return [each.public() for each in rows_of(session, License, device_id)]


def _find(session: Session, device_id: str, license_id: str) -> License:
    find_device(session, device_id)
    license = row_of(session, License, device_id, license_id, "license_id")
    if license.state == "removed" and license.action is None:
        raise Refused(400, "license_id: this license was removed")
    return license


def _told(hub: Context, device_id: str, shown: dict[str, Any]) -> dict[str, Any]:
    hub.events.emit("license", device_id, license_id=shown["id"], action=shown["action"])
    return shown
