"""The agenda of a step: what the ranks exchange, in an order fixed before, while the workers compute."""

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
        self.events, self.done = events, 0
        self.changed, self.over, self.stopped = threading.Condition(), False, False

    def __enter__(self):
        self.thread = ThreadPoolExecutor(1)
        self.running = self.thread.submit(contextvars.copy_context().run, self.work)
        return self

    def __exit__(self, *error):
        self.stop()
        self.thread.shutdown()

    def work(self):
        try:
            for due, happen in self.events:
                with self.changed:
                    self.changed.wait_for(lambda due=due: self.stopped or self.over or due())
                    if self.stopped:
                        return
                happen()
                self.change(lambda: setattr(self, "done", self.done + 1))
        except BaseException:
            self.stop()  # who waits for what will not come now goes on
            raise

    def change(self, function):
        """Call a function that changes what is due."""
        with self.changed:
            function()
            self.changed.notify_all()

    def stop(self):
        """Let nothing more happen."""
        self.change(lambda: setattr(self, "stopped", True))

    def finish(self):
        """Go on when all has happened: what is left is due now. Raises the error that ended it, if one did."""
        self.change(lambda: setattr(self, "over", True))
        self.running.result()
