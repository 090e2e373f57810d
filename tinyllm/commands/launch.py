"""The command that starts ranks: so many processes that train one model."""

from tinyllm.commands.training import declare_train
from tinyllm.errors import UsageError
from tinyllm.parallel.launch import launch
from tinyllm.parallel.layout import parse_layout
from tinyllm.parser import Parser, calls, up_to
from tinyllm.say import tell


def launch_command(arguments):
    command, *words = arguments.words or [""]
    if command != "train":
        other = f", not {command!r}" if command else ""
        raise UsageError(f"ranks do nothing but train{other}; write: tinyllm launch -n 2 train …")
    hosts = arguments.hosts.split(",") if arguments.hosts else []
    if not all(hosts) or any(host.startswith("-") for host in hosts):
        raise UsageError(f"--hosts={arguments.hosts} names a host that is none; write them as a,b")
    parser = Parser(prog="tinyllm launch train")
    declare_train(parser)
    asked = parser.parse_args(words)  # what is wrong in them is told once, before anything starts
    if asked.parallel is not None:
        parse_layout(asked.parallel).check(arguments.ranks)
    if asked.teacher is not None and arguments.ranks > 1:
        raise UsageError("--teacher is for one process; leave out launch")
    status, rank, wrong = launch(arguments.ranks, [command, *words], hosts=hosts)
    if wrong:
        who = "" if rank is None else f"rank {rank}: "
        tell(f"{arguments.name}: {who}{wrong}")
    return status


def declare_launch(p):
    calls(p, launch_command)
    p.ends_with_command = True
    p.add_argument("-n", dest="ranks", type=up_to(1024), required=True, help="quantos processos")
    p.add_argument("--hosts", metavar="NOMES", help="máquinas a,b com a mesma pasta e o mesmo Python (padrão: nesta)")
    p.add_argument("words", nargs="*", metavar="train …", help="o comando, com as suas opções")
