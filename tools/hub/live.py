"""Who watches a hub while it runs: each watcher has a queue of what happens, and takes it in its own time."""

import asyncio
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tools.hub.events import Event
from tools.hub.times import iso_utc

KEPT_EVENTS = 100
_MAX_WAITING = 2000  # things that a watcher may be behind

Item = tuple[str, dict[str, Any]]  # ("event" or "request", what is shown of it)


class Watcher:
    """One watcher's queue. Only of its own event loop, but for `put`."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: list[Item] = []
        self._something = asyncio.Event()
        self._closed = False

    def put(self, item: Item | None) -> None:
        """From any thread. None is the end."""
        self._loop.call_soon_threadsafe(self._put, item)

    def _put(self, item: Item | None) -> None:
        if item is None or len(self._waiting) >= _MAX_WAITING:
            self._closed = True  # who cannot follow starts anew
        else:
            self._waiting.append(item)
        self._something.set()

    async def batch(self) -> list[Item]:
        """What happened since the last time, as soon as there is something. Empty at the end."""
        await self._something.wait()
        if self._closed:
            return []
        self._something.clear()
        items, self._waiting = self._waiting, []
        return items


class Live:
    """What one hub shows those who watch it. For any thread.

    `key` opens the page and no more: what a browser keeps, and an address with the key shows, is not the cloud's key.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.key = secrets.token_urlsafe(16)
        self._clock = clock
        self._events: deque[dict[str, Any]] = deque(maxlen=KEPT_EVENTS)
        self._seq = 0
        self._watchers: set[Watcher] = set()
        self._closed = False
        self._lock = threading.Lock()

    def on_event(self, event: Event) -> None:
        """A handler for Events."""
        with self._lock:
            self._seq += 1
            told = {
                "seq": self._seq,
                "at": iso_utc(self._clock()),
                "kind": event.kind,
                "device_id": event.device_id,
                "text": str(event),
            }
            self._events.append(told)
            self._tell(("event", told))

    def on_request(self, record: dict[str, Any]) -> None:
        """A handler for RequestLog."""
        with self._lock:
            self._tell(("request", record))

    def _tell(self, item: Item | None) -> None:
        for watcher in self._watchers:
            watcher.put(item)

    def events(self) -> list[dict[str, Any]]:
        """The last events, newest last."""
        with self._lock:
            return list(self._events)

    @contextmanager
    def watch(self) -> Iterator[Watcher]:
        """A queue of what happens from now on. To be called in an event loop."""
        watcher = Watcher()
        with self._lock:
            self._watchers.add(watcher)
            if self._closed:
                watcher.put(None)
        try:
            yield watcher
        finally:
            with self._lock:
                self._watchers.discard(watcher)

    def close(self) -> None:
        """The end for all who watch."""
        with self._lock:
            self._closed = True
            self._tell(None)
