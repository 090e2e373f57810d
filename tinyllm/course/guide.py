"""`tinyllm course`: where am I, test, watch, hint, solution, reset. A thin layer over pytest, which judges."""

import datetime
import os
import shutil
import time
from collections import Counter
from itertools import groupby

from tinyllm.course import measure, syllabus
from tinyllm.course.judge import BROKEN, PARTLY, PENDING, RIGHT, WRONG, load
from tinyllm.course.progress import judged, states, untouched
from tinyllm.errors import UsageError, brief
from tinyllm.say import emit, tell

MARKS = {RIGHT: "✓", PARTLY: "·", PENDING: "·", WRONG: "✗", BROKEN: "!", measure.SLOW: "…", measure.LARGE: "…"}
POLL = 0.3  # seconds between two looks at the files


def show(folder, exercises, *, as_json=False):
    """Every exercise with its state, module by module, and what comes next."""
    found = {name: state for name, (state, _) in states(folder, exercises).items()}
    if as_json:
        emit({"states": found, "counts": Counter(found.values())})
        return
    for module, group in groupby(exercises, key=lambda e: e.place.parent.name):
        group = list(group)
        done = sum(found[e.id] == RIGHT for e in group)
        print(f"{module}  {'█' * done}{'░' * (len(group) - done)}  {done} de {len(group)}")
        for e in group:
            print(f"  {MARKS[found[e.id]]} {e.id}  {e.title}  ({e.minutes} minutos, dificuldade {e.difficulty} de 5)")
    rest = [e for e in exercises if found[e.id] != RIGHT]
    if rest:
        print(f"\na seguir: exercises/{rest[0].place}; depois, tinyllm course test {rest[0].id}")
    else:
        print("\ntodos os exercícios estão certos")


def test(folder, exercise):
    """Judge one exercise, anew, before the learner's eyes. Returns 0 if it is right, 1 if it is pending or wrong."""
    state, message = judged(folder, [exercise])[exercise.id]
    print(message or f"{exercise.id} {exercise.title}   {state}   exercises/{exercise.place}", flush=True)
    if state == RIGHT:
        print(f"  próximo passo: tinyllm course compare {exercise.id}", flush=True)
    return 0 if state == RIGHT else 1


def watch(folder, exercises):
    """Judge an exercise each time its file is saved, until Ctrl-C. It looks at the files, which works everywhere."""
    saved = {e: when_saved(folder, e) for e in exercises}
    tell("olhando exercises/; salve um exercício para testá-lo (Ctrl-C para sair)")
    while True:
        time.sleep(POLL)
        for e in exercises:
            now = when_saved(folder, e)
            if now != saved[e]:
                saved[e] = now
                print(f"\n— {datetime.datetime.now():%H:%M:%S} exercises/{e.place}", flush=True)
                try:
                    test(folder, e)
                except (UsageError, OSError) as error:  # it may be mended: the next one that is saved is judged
                    tell(f"exercises/{e.place} não pôde ser testado: {brief(error)}; continuo olhando")


def when_saved(folder, exercise):
    """When the file of an exercise was last written, and what it holds: a clock may tick slower than one saves. None
    while an editor replaces it, and the error's words while it cannot be read."""
    path = folder / "exercises" / exercise.place
    try:
        return path.stat().st_mtime_ns, path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        return str(error)


def hint(folder, exercise, level):
    """One of the three hints."""
    hints = load(folder / exercise.support).HINTS
    print(f"{exercise.id} {exercise.title}, dica {level} de {len(hints)}\n\n{hints[level - 1]}")
    if level < len(hints):
        print(f"\na próxima: tinyllm course hint {exercise.id} --level {level + 1}")


def solution(folder, exercise, *, anyway):
    """The solution, for one who has passed or who asks with --anyway."""
    state = RIGHT if anyway else states(folder, [exercise])[exercise.id][0]
    if state != RIGHT:
        so_far = f"está certo, mas custa demais ({state})" if state in (measure.SLOW, measure.LARGE) else (
            "ainda não está certo")  # fmt: skip
        raise UsageError(
            f"{exercise.id} {so_far}; veja tinyllm course hint {exercise.id}, ou peça de novo com --anyway"
        )
    print((folder / "solutions" / exercise.place).read_text(encoding="utf-8"), end="")


def reset(folder, exercise):
    """Put the stub back, keeping the learner's file beside it."""
    path = folder / "exercises" / exercise.place
    if path.exists() and not untouched(folder, exercise):
        keep_aside(path, folder)
    syllabus.write_stub(exercise, folder)
    print(f"exercises/{exercise.place} voltou ao começo")


def keep_aside(path, folder):
    """Copy a learner's file to one beside it that bears the date."""
    kept = path.with_name(f"{path.stem}.{datetime.datetime.now():%Y-%m-%d-%H%M%S}.bak")
    shutil.copy2(path, kept)
    tell(f"o que você tinha escrito está em {os.path.relpath(kept, folder)}")
