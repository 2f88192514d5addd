"""A new firmware, once the user said yes. For now: what would be installed."""

from .errors import printable


def describe(hub, version: str, file_id: str | None) -> None:
    """Fetches the description of the firmware's file from `hub` and prints it. Raises what `Hub.get_file` raises."""
    if file_id is None:
        print("upgrade to %s: the hub names no file for it" % version)
        return
    file = hub.get_file(file_id)
    name, checksum = printable(str(file.get("name"))), printable(str(file.get("checksum")))
    print("upgrade to %s: would install %s, SHA-256 %s" % (version, name, checksum))
