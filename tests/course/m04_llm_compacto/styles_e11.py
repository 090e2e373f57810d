"""Right answers to m04.e11 in other styles than the solution's."""

STYLES = {
    "counters": """
        def one_forward_one_backward(stages, micro_batches):
            schedule = []
            for stage in range(stages):
                steps, there, back = [], 0, 0
                while back < micro_batches:
                    if there < micro_batches and there - back < stages - stage:
                        steps.append((stage, "forward", there))
                        there += 1
                    else:
                        steps.append((stage, "backward", back))
                        back += 1
                schedule.append(steps)
            return schedule

        def bubble(schedule, *, forward=1, backward=2):
            p = len(schedule)
            done, clock, position, busy = {}, [0] * p, [0] * p, 0
            left = sum(len(steps) for steps in schedule)
            while left > 0:
                for stage in range(p):
                    if position[stage] == len(schedule[stage]):
                        continue
                    step = schedule[stage][position[stage]]
                    before = needed(step, p)
                    if before is not None and before not in done:
                        continue
                    start = clock[stage]
                    if before is not None and done[before] > start:
                        start = done[before]
                    length = forward if step.way == "forward" else backward
                    clock[stage] = done[step] = start + length
                    busy += length
                    position[stage] += 1
                    left -= 1
            return 1 - busy / (p * max(clock))

        def held(schedule):
            found = []
            for steps in schedule:
                open_ones, most = set(), 0
                for _, way, micro_batch in steps:
                    if way == "forward":
                        open_ones.add(micro_batch)
                    else:
                        open_ones.remove(micro_batch)
                    most = max(most, len(open_ones))
                found.append(most)
            return found
        """,
    "iterators": """
        from itertools import islice

        def one_forward_one_backward(stages, micro_batches):
            def steps(stage):
                there = (Step(stage, FORWARD, number) for number in range(micro_batches))
                yield from islice(there, stages - stage)
                for number in range(micro_batches):
                    yield Step(stage, BACKWARD, number)
                    yield from islice(there, 1)

            return [list(steps(stage)) for stage in range(stages)]

        def bubble(schedule, *, forward=1, backward=2):
            cost = {FORWARD: forward, BACKWARD: backward}
            left, ends, free = list(map(iter, schedule)), {None: 0}, [0 for _ in schedule]
            first = [next(steps, None) for steps in left]
            while any(first):
                ready = next(step for step in first if step and needed(step, len(schedule)) in ends)
                begin = max(ends[needed(ready, len(schedule))], free[ready.stage])
                ends[ready] = free[ready.stage] = begin + cost[ready.way]
                first[ready.stage] = next(left[ready.stage], None)
            return 1 - sum(cost[step.way] for steps in schedule for step in steps) / (len(free) * max(free))

        def held(schedule):
            def most(steps, kept=frozenset()):
                found = 0
                for _, way, number in steps:
                    kept = kept | {number} if way == FORWARD else kept - {number}
                    found = max(found, len(kept))
                return found

            return list(map(most, schedule))
        """,
    "types": """
        from functools import cache
        from itertools import accumulate, zip_longest

        Schedule = list[list[Step]]

        def one_forward_one_backward(stages: int, micro_batches: int) -> Schedule:
            def of(stage: int) -> list[Step]:
                there = [Step(stage, FORWARD, n) for n in range(micro_batches)]
                back = [Step(stage, BACKWARD, n) for n in range(micro_batches)]
                before = stages - stage
                pairs = zip_longest(back, there[before:])
                return there[:before] + [step for pair in pairs for step in pair if step is not None]

            return [of(stage) for stage in range(stages)]

        def bubble(schedule: Schedule, *, forward: float = 1, backward: float = 2) -> float:
            previous: dict[Step, Step] = {}
            for steps in schedule:
                previous.update(zip(steps[1:], steps))
            length = {FORWARD: forward, BACKWARD: backward}

            @cache
            def end(step: Step | None) -> float:
                if step is None:
                    return 0
                return max(end(previous.get(step)), end(needed(step, len(schedule)))) + length[step.way]

            for steps in zip_longest(*schedule):
                for step in steps:
                    end(step)
            total: float = max(end(steps[-1]) for steps in schedule)
            return 1 - sum(length[step.way] for steps in schedule for step in steps) / (len(schedule) * total)

        def held(schedule: Schedule) -> list[int]:
            return [max(accumulate(1 if step.way == FORWARD else -1 for step in steps)) for steps in schedule]
        """,
}
