"""What ends a command early, each told in one line: a caller's mistake or a signal; and how a value is told."""

import re

SHOWN, LONGEST, MOST = 60, 200, 700  # characters of a value, of a word, of a message


class UsageError(ValueError):
    """The caller gave something that cannot work. The message names the value, the limit and the mend, in one line."""


class Stopped(KeyboardInterrupt):
    """A signal asks for the end: Ctrl-C, SIGTERM, or SIGHUP of a terminal that closes."""

    def __init__(self, number):
        super().__init__(number)
        self.number = number


def shown(value):
    """A value as it stands in a message: on one line, and not all of a long one."""
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 20]} … {text[-15:]}"


def brief(message):
    """A message on one line, without the middle of what nobody could read, such as a path of 4,000 letters."""
    whole = " ".join(str(message).split())
    whole = re.sub(rf"\S{{{LONGEST},}}", lambda word: f"{word[0][: LONGEST // 2]}…{word[0][-SHOWN:]}", whole)
    return whole if len(whole) <= MOST else f"{whole[: MOST // 2]} … {whole[-MOST // 4 :]}"
