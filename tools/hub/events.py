"""What the hub tells those who watch it: one event for everything notable that happens."""

import json
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tools.hub.errors import shown

log = logging.getLogger("tools.hub")


@dataclass(frozen=True)
class Event:
    """One thing that happened.

    `kind` is one of registered, telemetry, updated, file, download, deleted, published, withdrawn, refused, fault;
    queued, cancelled, command; config, info, license, claimed, unclaimed, settings, incident, closed, event, dump.
    `device_id` is None where no device is concerned or it is not known. `detail` depends on the kind (the endpoints
    say what they put in) and never holds an access key, a hardware key, a cloud key or the token of a file; nor what a
    configuration, a licence or a command's parameters say, because that may be a secret.
    """

    kind: str
    device_id: str | None = None
    detail: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        """One line for a terminal, whatever a device put into its strings."""
        parts = [self.kind, *([shown(self.device_id)] if self.device_id else [])]
        parts += [f"{shown(name)}={shown(_compact(value), 400)}" for name, value in self.detail.items()]
        return " ".join(parts)


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class Events:
    """Hands each event to every handler, one at a time, in the thread where it happened."""

    def __init__(self, *handlers: Callable[[Event], object] | None) -> None:
        self._handlers = [handler for handler in handlers if handler is not None]
        # A lock that its holder may take again: a handler may publish a firmware, which is an event as well.
        self._lock = threading.RLock()

    def emit(self, kind: str, device_id: str | None = None, **detail: Any) -> None:
        """Tell the handlers. What one raises is logged and goes no further."""
        event = Event(kind, device_id, detail)
        with self._lock:
            for handler in self._handlers:
                try:
                    handler(event)
                except Exception:
                    log.exception("a handler of the hub's events raised")
