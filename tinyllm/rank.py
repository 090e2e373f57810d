"""One of the ranks that `tinyllm launch` starts: python -m mpi4py -m tinyllm.rank HOST:PORT:TOKEN train …

Rank 0 alone speaks. A rank that goes wrong says so to who started it, and ends all; else they end together.
"""

import os
import signal
import sys
import time

from tinyllm import cli, say
from tinyllm.parallel.comm import current_comm
from tinyllm.parallel.launch import Line
from tinyllm.parallel.mpi import MPIComm

TO_CLEAN_UP = 5  # seconds that rank 0 has to take away what it has half made, when all are told to stop


def main():
    """Run the command of this rank. Returns its exit status."""
    address, *words = sys.argv[1:]
    comm, wrong = MPIComm(), []
    line = Line(address, comm.rank)
    line.when_cut(lambda: signal.raise_signal(signal.SIGTERM))
    current_comm.set(comm)
    say.quiet.set(comm.rank > 0)
    if comm.rank > 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    try:
        status = cli.main(words, complain=lambda name, text: wrong.append(text))
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
        wrong.append(f"error: it has ended with status {status} before its work was done")
    if wrong:
        line.end(status or 1, wrong[0])
        if comm.rank and status > 128:
            time.sleep(TO_CLEAN_UP)
        comm.communicator.Abort(status or 1)
    comm.finish()
    line.end(status)
    return status


if __name__ == "__main__":
    sys.exit(main())
