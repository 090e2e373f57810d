"""Right answers to m02.e01 in other styles than the solution's."""

STYLES = {
    "loops": """
        def numbers(version):
            found, digits = [], ""
            for character in version + "!":
                if character.isdigit():
                    digits += character
                elif digits:
                    found.append(int(digits))
                    digits = ""
                    if character != ".":
                        break
                else:
                    break
            return found

        def is_at_least(version, minimum):
            mine, least = numbers(version), numbers(minimum)
            while len(mine) < len(least):
                mine.append(0)
            for i in range(len(least)):
                if mine[i] != least[i]:
                    return mine[i] > least[i]
            return True

        def available_bytes(meminfo):
            amounts = {}
            for line in meminfo.splitlines():
                if line.endswith(" kB") and ":" in line:
                    name, value = line.split(":")
                    amounts[name] = int(value.split()[0]) * 1024
            if "MemAvailable" in amounts:
                return amounts["MemAvailable"]
            total = 0
            for name in ("MemFree", "Buffers", "Cached"):
                total += amounts[name]
            return total
        """,
    "types": """
        import itertools
        from dataclasses import dataclass
        from typing import Any, Optional

        Version = tuple[int, ...]

        def parse(text: str) -> Version:
            match: Optional[re.Match[str]] = re.match("[0-9]+([.][0-9]+)*", text)
            assert match is not None
            return tuple(int(number) for number in match.group().split("."))

        def is_at_least(version: str, minimum: str) -> bool:
            pairs = list(itertools.zip_longest(parse(version), parse(minimum), fillvalue=0))
            return [mine for mine, _ in pairs] >= [least for _, least in pairs]

        def available_bytes(meminfo: str) -> int:
            def amount(name: str) -> Optional[int]:
                match = re.search(rf"^{name}:[ ]*([0-9]+) kB$", meminfo, re.M)
                return 1024 * int(match[1]) if match else None

            known = amount("MemAvailable")
            return known if known is not None else sum(map(amount, ("MemFree", "Buffers", "Cached")))

        @dataclass
        class Machine:
            python: str
            memory: int
            disk: int
            cuda: Optional[str]
            cupy: Optional[int]

            @property
            def card_mends(self) -> list[str]:
                if not self.cuda:
                    return []
                if not is_at_least(self.cuda, "12"):
                    return [NEWER_DRIVER]
                driver = parse(self.cuda)[0]
                if self.cupy is None or self.cupy > driver:
                    return [CUPY[13 if driver >= 13 else 12]]
                return []

        def mends(facts: dict[str, Any]) -> list[str]:
            machine = Machine(**facts)
            checks = [
                (is_at_least(machine.python, "3.11"), NEWER_PYTHON),
                (machine.memory >= 2 << 30, MORE_MEMORY),
                (machine.disk >= 1 << 30, MORE_DISK),
            ]
            return [advice for well, advice in checks if not well] + machine.card_mends
        """,
}  # fmt: skip
