"""A local hub: an honest stand-in for the device hub's API, to develop and test devices without the cloud.

In a program or a test::

    from tools.hub import LocalHub

    with LocalHub() as hub:
        print(hub.url)              # the entry server and the hub, for a device's settings
        hub.publish("1.1.0")        # what an operator would do in the cloud

On a command line: ``python -m tools.hub serve``. See README.md.
"""

from typing import TYPE_CHECKING, Any

from tools.hub.errors import Refused
from tools.hub.events import Event

if TYPE_CHECKING:
    from tools.hub.server import LocalHub

__all__ = ["Event", "LocalHub", "Refused"]


def __getattr__(name: str) -> Any:
    """LocalHub when it is first asked for: the server takes a second to import, which the short commands do without."""
    if name == "LocalHub":
        from tools.hub.server import LocalHub

        return LocalHub
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
