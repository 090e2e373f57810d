"""Where the time goes: the seconds of every operation, forward and backward, over all threads."""

import contextlib
import contextvars
import threading
import time
from collections import Counter

from tinyllm.backend import wait_for_gpu

_profile = contextvars.ContextVar("profile", default=None)


class Profile:
    """Inside `with profile.recording():`, `seconds` and `calls` count what `timed` runs, by (name, direction)."""

    def __init__(self):
        self.seconds, self.calls, self.lock = Counter(), Counter(), threading.Lock()

    @contextlib.contextmanager
    def recording(self):
        token = _profile.set(self)
        try:
            yield self
        finally:
            _profile.reset(token)

    def add(self, key, seconds):
        with self.lock:
            self.seconds[key] += seconds
            self.calls[key] += 1


def timed(name, direction, function, /, *arguments, **options):
    """function(*arguments, **options), its time added to the profile that is recording, if one is."""
    profile = _profile.get()
    if profile is None:
        return function(*arguments, **options)
    began = time.perf_counter()
    result = function(*arguments, **options)
    wait_for_gpu()
    profile.add((name, direction), time.perf_counter() - began)
    return result
