"""Where the time goes: the seconds of every operation, forward and backward, over all threads."""

import contextlib
import threading
from collections import Counter

from tinyllm.observe import observed


class Profile:
    """Inside `with profile.recording():`, `seconds` and `calls` count what runs, by (name, direction)."""

    def __init__(self):
        self.seconds, self.calls, self.lock = Counter(), Counter(), threading.Lock()

    @contextlib.contextmanager
    def recording(self):
        with observed(self.add):
            yield self

    def add(self, seen):
        with self.lock:
            self.seconds[seen.name, seen.direction] += seen.seconds
            self.calls[seen.name, seen.direction] += 1
