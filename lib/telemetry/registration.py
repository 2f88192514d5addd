"""Whether this device has to ask the hub for an identity (Device API, register device)."""

from .clock import NEVER

if False:  # for the type checker
    from .clock import Clock
    from .hub import Hub


class Registration:
    """When it is time; `identity` does it. Times are uptimes."""

    parent: "Hub | None" = None  # as the device sees it whose child this is
    not_before = 0  # when to register at the earliest
    is_accepted = False  # the hub took the last request with this key
    is_kept = False  # flash was read, and has the identity: nothing to do for `identity.keep`

    def __init__(self, hub: "Hub", path: str, clock: "Clock", fields: dict):
        """`path`: the identity's file. `fields`: what to register with, `firmware_version` (the one that runs) among
        it."""
        self.hub = hub
        self.path = path
        self.clock = clock
        self.fields = fields
        self.register_at = NEVER

    def key_rejected(self) -> None:
        """The hub answered 401. The key is kept: it and a new registration are tried in turn."""
        self.is_accepted = False
        self.register_at = self.not_before

    def key_accepted(self) -> None:
        """The hub took a request with the key."""
        self.is_accepted = True
        self.register_at = NEVER
        self.not_before = 0

    def network_returned(self) -> None:
        """The reason of the last failure may be gone: no need to wait."""
        self.not_before = 0
        if self.register_at != NEVER:
            self.register_at = 0
