"""The command `tinyllm`, also as `python -m tinyllm`: as little as can be, for Ctrl-C may come while it is imported."""

import signal
import sys


def main():
    """Run the command of this process. Returns its exit status."""
    try:
        from tinyllm import cli

        return cli.main()
    except KeyboardInterrupt:
        print("tinyllm: stopped", file=sys.stderr)
        return 130
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # nothing is left to be stopped


if __name__ == "__main__":
    sys.exit(main())
