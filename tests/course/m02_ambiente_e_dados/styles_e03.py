"""Right answers to m02.e03 in other styles than the solution's."""

STYLES = {
    "loops": r"""
        def decode(data):
            try:
                text = str(data, encoding="utf-8")
                if text[:1] == "\ufeff":
                    text = text[1:]
                return text
            except ValueError:
                text = ""
            for i in range(len(data)):
                text += data[i : i + 1].decode("cp1252", errors="replace")
            return text

        def find_files(paths, suffixes=(".txt",)):
            found = []
            for given in paths:
                path = Path(given)
                if path.is_file():
                    found.append(path)
                    continue
                if not path.exists():
                    raise UsageError("não existe: " + str(path))
                inside, folders = [], [path]
                while folders:
                    for entry in folders.pop().iterdir():
                        if entry.name[0] == ".":
                            continue
                        if entry.is_dir():
                            folders.append(entry)
                        elif entry.suffix.lower() in suffixes:
                            inside.append(entry)
                if len(inside) == 0:
                    raise UsageError("nada em " + str(path))
                inside.sort()
                found.extend(inside)
            return found

        def fetch(url, limit):
            data, response = b"", urllib.request.urlopen(url, timeout=TIMEOUT)
            try:
                while len(data) <= limit:
                    chunk = response.read(min(1000, limit + 1 - len(data)))
                    if not chunk:
                        return data
                    data += chunk
            finally:
                response.close()
            raise UsageError(f"mais de {limit} bytes em {url}")
        """,
    "types": r"""
        from collections.abc import Iterable, Iterator, Sequence
        from dataclasses import dataclass
        from urllib.request import urlopen

        BOM: str = "\N{ZERO WIDTH NO-BREAK SPACE}"

        def decode(data: bytes) -> str:
            for encoding in ("utf-8", "cp1252"):
                try:
                    return data.decode(encoding).removeprefix(BOM)
                except UnicodeDecodeError:
                    continue
            return data.decode("cp1252", errors="replace")

        @dataclass
        class Folder:
            path: Path
            suffixes: Sequence[str]

            def wanted(self, file: Path) -> bool:
                parts = file.relative_to(self.path).parts
                ends = file.name.lower().endswith(tuple(self.suffixes))
                return ends and file.is_file() and all(not part.startswith(".") for part in parts)

            def files(self) -> list[Path]:
                return sorted(filter(self.wanted, self.path.glob("**/*")))

        def each(path: Path, suffixes: Sequence[str]) -> Iterator[Path]:
            if not path.exists():
                raise UsageError(f"{path}: não há")
            found = Folder(path, suffixes).files() if path.is_dir() else [path]
            if not found:
                raise UsageError(f"{path}: vazia")
            yield from found

        def find_files(paths: Iterable[str | Path], suffixes: Sequence[str] = (".txt",)) -> list[Path]:
            return [file for path in paths for file in each(Path(path), suffixes)]

        def fetch(url: str, limit: int) -> bytes:
            with urlopen(url, timeout=TIMEOUT) as response:
                data: bytes = response.read(limit + 1)
                if len(data) == limit + 1:
                    raise UsageError(f"{url}: mais que {limit}")
            return data
        """,
}  # fmt: skip
