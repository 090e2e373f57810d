"""Right answers to m05.e04 in other styles than the solution's."""

STYLES = {
    "paths": """
        from os import fsync

        def save(path, checkpoint):
            path = Path(path)
            arrays = {}
            for part in ("weights", "memory"):
                for name, array in getattr(checkpoint, part).items():
                    arrays[part + "." + name] = np.asarray(array)
            arrays["step"] = np.array(checkpoint.step)
            arrays["rng"] = np.array(json.dumps(checkpoint.rng.bit_generator.state))
            other = path.with_name("." + path.name)
            try:
                with other.open("wb") as file:
                    np.savez(file, **arrays)
                    file.flush()
                    fsync(file.fileno())
                other.replace(path)
            finally:
                other.unlink(missing_ok=True)

        def load(path):
            weights, memory = {}, {}
            with np.load(path) as file:
                for name in file:
                    if name.startswith("weights."):
                        weights[name[8:]] = file[name]
                    if name.startswith("memory."):
                        memory[name[7:]] = file[name]
                step = int(file["step"])
                state = json.loads(file["rng"].item())
            bits = np.random.PCG64()
            bits.state = state
            return Checkpoint(step, weights, memory, np.random.Generator(bits))

        def latest(folder):
            numbers = []
            for name in os.listdir(folder):
                if name.startswith("step-") and name.endswith(".npz") and name[5:-4].isdigit():
                    numbers.append(int(name[5:-4]))
            while numbers:
                number = max(numbers)
                numbers.remove(number)
                try:
                    return load(os.path.join(folder, f"step-{number}.npz"))
                except DAMAGED:
                    pass
        """,
    "types": """
        def named(part: str, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
            return {f"{part}.{name}": array for name, array in arrays.items()}

        def save(path: str | Path, checkpoint: Checkpoint) -> None:
            aside: str = os.path.join(os.path.dirname(path), f"other-{os.getpid()}.tmp")
            with open(aside, "wb") as file:
                np.savez(
                    file, step=np.int64(checkpoint.step), rng=json.dumps(checkpoint.rng.bit_generator.state, indent=1),
                    **named("weights", checkpoint.weights), **named("memory", checkpoint.memory),
                )
                file.flush()
                os.fsync(file)
            os.rename(aside, path)

        def load(path: str | Path) -> Checkpoint:
            def of(part: str) -> dict[str, np.ndarray]:
                start: str = part + "."
                return {name.removeprefix(start): array for name, array in arrays.items() if name.startswith(start)}

            with np.load(path, allow_pickle=False) as file:
                arrays: dict[str, np.ndarray] = dict(file)
            rng: np.random.Generator = np.random.default_rng(0)
            rng.bit_generator.state = json.loads(str(arrays["rng"]))
            return Checkpoint(step=int(arrays["step"]), weights=of("weights"), memory=of("memory"), rng=rng)

        def latest(folder: str | Path) -> Checkpoint | None:
            steps: list[int] = [int(found[1]) for path in Path(folder).glob("step-*")
                                if (found := re.match(r"^step-([0-9]+)[.]npz$", path.name))]
            for step in sorted(steps)[::-1]:
                try:
                    return load(Path(folder) / f"step-{step}.npz")
                except DAMAGED:
                    continue
            return None
        """,
}
