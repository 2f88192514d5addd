"""One thread that does everything: file descriptors, timers, and calls from other threads."""

import heapq
import itertools
import os
import selectors
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any


class Timer:
    """A call that is to come; `cancel()` takes it back. Cancelling twice, or too late, does nothing."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self.function: Callable[[], Any] | None = function

    def cancel(self) -> None:
        self.function = None


class Loop:
    """Runs callbacks in a thread of its own, one at a time, so that what they touch needs no lock."""

    def __init__(self, on_error: Callable[[BaseException], Any]) -> None:
        self._on_error = on_error
        self._selector = selectors.DefaultSelector()
        self._timers: list[tuple[float, int, Timer]] = []
        self._order = itertools.count()
        self._calls: deque[tuple[Future, Callable[[], Any]]] = deque()
        self._waker_out, self._waker_in = os.pipe()
        os.set_blocking(self._waker_out, False)
        os.set_blocking(self._waker_in, False)
        self._selector.register(self._waker_out, selectors.EVENT_READ, lambda mask: self._drain_waker())
        self._running = True
        self._thread = threading.Thread(target=self._run, name="virtual board", daemon=True)
        self._thread.start()

    def call(self, function: Callable[[], Any], timeout: float = 30.0) -> Any:
        """Run `function` in the loop's thread and give back what it returns or raises; from any thread.

        RuntimeError after `close()`; TimeoutError when the loop has not come to it within `timeout` seconds.
        """
        if threading.current_thread() is self._thread:
            return function()
        if not self._running:
            raise RuntimeError("the board was stopped")
        future: Future = Future()
        self._calls.append((future, function))
        self._wake()
        return future.result(timeout)

    def after(self, seconds: float, function: Callable[[], Any]) -> Timer:
        """Run `function` in `seconds`. Only from the loop's thread."""
        timer = Timer(function)
        heapq.heappush(self._timers, (time.monotonic() + seconds, next(self._order), timer))
        return timer

    def watch(self, fd: int, events: int, callback: Callable[[int], Any]) -> None:
        """Call `callback(mask)` when `fd` is ready; `events` 0 stops that. Only from the loop's thread."""
        known = fd in self._selector.get_map()
        if not events:
            if known:
                self._selector.unregister(fd)
        elif known:
            self._selector.modify(fd, events, callback)
        else:
            self._selector.register(fd, events, callback)

    def close(self) -> None:
        """End the thread; what was not run is dropped. Twice is fine."""
        self._running = False
        if threading.current_thread() is self._thread or self._waker_in < 0:
            return
        self._wake()
        self._thread.join()
        self._selector.close()
        os.close(self._waker_in)
        os.close(self._waker_out)
        self._waker_in = -1
        while self._calls:
            self._calls.popleft()[0].set_exception(RuntimeError("the board was stopped"))

    def _wake(self) -> None:
        try:
            os.write(self._waker_in, b"x")
        except BlockingIOError:
            pass  # the pipe is full: it is awake already

    def _drain_waker(self) -> None:
        try:
            os.read(self._waker_out, 4096)
        except BlockingIOError:
            pass

    def _run(self) -> None:
        while self._running:
            for key, mask in self._selector.select(self._time_to_next()):
                current = self._selector.get_map().get(key.fd)
                # An earlier callback of this round may have closed this one, and its number may be in use again.
                if current is not None and current.data is key.data:
                    self._guard(key.data, mask)
            self._run_timers()
            while self._calls and self._running:
                self._run_call(*self._calls.popleft())

    def _time_to_next(self) -> float | None:
        while self._timers and self._timers[0][2].function is None:
            heapq.heappop(self._timers)
        if not self._timers:
            return None
        return max(0.0, self._timers[0][0] - time.monotonic())

    def _run_timers(self) -> None:
        now = time.monotonic()
        while self._timers and self._timers[0][0] <= now:
            function = heapq.heappop(self._timers)[2].function
            if function is not None:
                self._guard(function)

    def _guard(self, function: Callable[..., Any], *args: Any) -> None:
        try:
            function(*args)
        except Exception as error:  # one broken callback of a user must not stop the board
            try:
                self._on_error(error)
            except Exception:
                traceback.print_exc()

    @staticmethod
    def _run_call(future: Future, function: Callable[[], Any]) -> None:
        try:
            future.set_result(function())
        except BaseException as error:
            future.set_exception(error)
