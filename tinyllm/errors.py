"""The one error class for a caller's mistakes: the command line turns it into one line and exit status 2."""


class UsageError(ValueError):
    """The caller gave something that cannot work. The message names the value, the limit and the mend, in one line."""
