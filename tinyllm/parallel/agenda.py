"""The agenda of a step: what the ranks exchange, in an order fixed before, while the workers compute."""

import contextlib
import contextvars
import threading
from concurrent.futures import ThreadPoolExecutor


class Agenda:
    """A thread that does one event after the other, each as soon as it is due. Use it in a `with` block.

    An event is a pair of functions: `due()` is asked again whenever something `changes`, and `happen()` is called
    once it is true. As the order of the events is the same on every rank, they may call a Comm, and nobody else may
    until `finish` returns. Of a block that an error ends no more happens.
    """

    def __init__(self, events):
        self.events, self.changed = events, threading.Condition()
        self.over, self.error = False, None

    def __enter__(self):
        self.thread = ThreadPoolExecutor(1)
        self.running = self.thread.submit(contextvars.copy_context().run, self.work)
        return self

    def __exit__(self, kind, error, place):
        if error:
            self.stop(error)
        self.thread.shutdown()

    def work(self):
        try:
            for due, happen in self.events:
                with self.changed:
                    self.changed.wait_for(lambda due=due: self.error or self.over or due())
                if self.error:
                    return
                happen()
                with self.changing():
                    pass
        except BaseException as error:
            self.stop(error)

    @contextlib.contextmanager
    def changing(self):
        """A block that changes what is due, or has happened."""
        with self.changed:
            yield
            self.changed.notify_all()

    def wait(self, ready):
        """Go on when it is ready. Raises the error that stopped all."""
        with self.changed:
            self.changed.wait_for(lambda: self.error or ready())
        if self.error:
            raise self.error

    def stop(self, error):
        """Let nothing more happen, for an error, of which the first counts."""
        with self.changing():
            self.error = self.error or error

    def finish(self):
        """Go on when all has happened: what is left is due now. Raises the error that stopped it."""
        with self.changing():
            self.over = True
        self.running.result()
        self.wait(lambda: True)
