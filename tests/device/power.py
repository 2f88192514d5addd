"""Power that goes: between two writes to flash, in place of one, or where a hub says so."""

from telemetry import store


class PowerCut(KeyboardInterrupt):
    """Nothing of the board's program sees it."""


class Writes:
    """What is written to flash; may fail, or be where the power goes."""

    def __init__(self, fail_at=None, error=PowerCut):
        self.paths = []
        self.fail_at = fail_at
        self.error = error

    def __enter__(self):
        self.real = store.write
        store.write = self
        return self

    def __exit__(self, *_):
        store.write = self.real

    def __call__(self, path, body):
        if path != "identity.json":
            self.paths.append(path)
        if len(self.paths) == self.fail_at and path != "identity.json":
            raise self.error
        self.real(path, body)


def lives_through(hub, cut_at, life):
    """Whether `life()` comes to its end. The power goes at the `cut_at`th of the moments before and after each write,
    and when the hub calls its `cut`; None: never."""
    left = [cut_at or 0]

    def cut():
        left[0] -= 1
        if left[0] == 0:
            raise PowerCut

    def cutting(path, body):
        cut()
        write(path, body)
        cut()

    write = store.write
    store.write = cutting
    hub.cut = cut
    try:
        life()
    except PowerCut:
        return False
    finally:
        store.write = write
    return True
