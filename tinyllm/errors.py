"""What ends a command early, each told in one line and by an exit status: a caller's mistake, or a signal."""


class UsageError(ValueError):
    """The caller gave something that cannot work. The message names the value, the limit and the mend, in one line."""


class Stopped(KeyboardInterrupt):
    """A signal asks for the end, as Ctrl-C does: SIGTERM, or SIGHUP of a terminal that closes."""
