"""The command that examines this machine. It imports nothing that the machine may lack."""

from tinyllm.parser import calls
from tinyllm.say import emit
from tinyllm.show.doctor import examine


def doctor_command(arguments):
    found = examine()
    if arguments.json:
        emit({name: {"found": what, "mend": mend} for name, what, mend in found})
        return
    for name, what, mend in found:
        print(f"{'!' if mend else '✓'} {name + ':':22} {what}" + (f"\n    → {mend}" if mend else ""))


def declare_doctor(parser):
    calls(parser, doctor_command, json=True)
