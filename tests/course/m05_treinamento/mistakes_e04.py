"""Respostas erradas de m05.e04, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

import contextlib
import io
import json
import os
import re
import tempfile
import zipfile
from collections import namedtuple
from pathlib import Path
from unittest import mock

import numpy as np

from tinyllm.course.measure import Work
from tinyllm.errors import UsageError

Checkpoint = namedtuple("Checkpoint", "step weights memory rng")
# what a learner reads
Saved = namedtuple("Saved", "arquivo conteúdo_da_pasta antigo_intacto_depois_de_uma_falha "
                            "arquivo_no_disco_antes_da_troca troca_na_mesma_pasta sorteios_de_quem_salvou")  # fmt: skip
Loaded = namedtuple("Loaded", "step weights memory sorteios_seguintes")


class Interrupted(OSError):
    """The disk is full."""


class Falling:
    """An array that cannot be written to the end."""

    dtype, shape, ndim, size, nbytes = np.dtype(np.float64), (3,), 1, 3, 24

    def __array__(self, *types, **options):
        raise Interrupted("disco cheio")


def drawing(seed):
    """A Generator in the middle of its way: half of a 64-bit number is still to be given."""
    rng = np.random.default_rng(seed)
    rng.integers(0, 9, size=3, dtype=np.uint32)
    return rng


def draws(rng):
    """What it gives next."""
    return np.concatenate([rng.integers(0, 1000, size=3, dtype=np.uint32).astype(float), rng.random(2)])


def seen(file):
    """Which file this is, and how much of it has been written."""
    found = os.stat(file if isinstance(file, int | str | Path) else file.fileno())
    return found.st_ino, found.st_size


def saved(piece, step, weights, memory, seed):
    """What stands in the file and its folder; what a full disk leaves; whether the file was on the disk, as it is now,
    before it got its name, and in the folder of it; and what the Generator gives next."""
    synced, swaps = set(), []

    def swapping(original):
        def call(source, target, **options):
            folders = [Path(path).absolute().parent for path in (source, target)]
            swaps.append((seen(source) in synced, folders[0] == folders[1]))
            return original(source, target, **options)

        return call

    def sync(file):
        synced.add(seen(file))

    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        for name in ("fsync", "fdatasync", "replace", "rename"):
            original = getattr(os, name, None)
            watched = sync if "sync" in name else swapping(original)
            if original:
                stack.enter_context(mock.patch.object(os, name, watched))
            if original and piece.__globals__.get(name) is original:  # from os import fsync
                stack.enter_context(mock.patch.dict(piece.__globals__, {name: watched}))
        path, rng = Path(folder, f"step-{step}.npz"), drawing(seed)
        piece(path, Checkpoint(step, weights, memory, rng))
        on_disk, beside = all(first for first, _ in swaps) and bool(swaps), all(second for _, second in swaps)
        in_folder = sorted(os.listdir(folder))
        content = content_of(path)
        path.write_bytes(b"the one of before")
        with contextlib.suppress(Interrupted):
            piece(path, Checkpoint(step, weights, memory | {"last": Falling()}, drawing(seed)))
        whole = path.exists() and path.read_bytes() == b"the one of before"
    return Saved(content, in_folder, whole, on_disk, beside, draws(rng))


def content_of(path):
    """{name: array} of a file; instead of the state of the Generator, what that gives next."""
    if not path.exists():
        names = ", ".join(sorted(os.listdir(path.parent))) or "nada"
        raise UsageError(f"depois de save não há {path.name}; na pasta ficou: {names}")
    content = {}
    with np.load(path) as file:
        for name in file.files:
            try:
                content[name] = file[name]
            except ValueError as error:
                raise UsageError(
                    f"em {name!r} ficou um objeto do Python, que o NumPy guardou com pickle; np.savez(arquivo, "
                    "**arrays) quer um array ou um texto para cada nome"
                ) from error
    if "rng" in content:
        rng = np.random.default_rng()
        try:
            rng.bit_generator.state = json.loads(str(content["rng"]))
        except json.JSONDecodeError as error:
            raise UsageError("o texto em 'rng' não é JSON; json.dumps faz um do dicionário") from error
        content["rng"] = draws(rng)
    return content


def written(step, weights, memory, seed, **others):
    """The bytes of a file."""
    file = io.BytesIO()
    arrays = {f"weights.{name}": a for name, a in weights.items()} | {f"memory.{name}": a for name, a in memory.items()}
    np.savez(file, step=step, rng=json.dumps(drawing(seed).bit_generator.state), **arrays, **others)
    return file.getvalue()


def given_a_file(piece, content):
    """What a piece gives for a file of these bytes, which is then removed."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "step-1.npz")
        path.write_bytes(content)
        found = piece(path)
        path.unlink()
    return found


def loaded(piece, content):
    """What is read from a file of these bytes, once the file is there no more."""
    found = given_a_file(piece, content)
    if not all(hasattr(found, name) for name in Checkpoint._fields):
        raise UsageError("load não devolveu um Checkpoint(step, weights, memory, rng)")
    return Loaded(found.step, dict(found.weights), dict(found.memory), draws(found.rng))


def refused(piece, content):
    """Whether what is no whole checkpoint makes one of the expected errors."""
    try:
        found = given_a_file(piece, content)
    except (zipfile.BadZipFile, EOFError, KeyError, ValueError, OSError):
        return "recusado"
    return "nenhum erro, e None" if found is None else "lido"


def found_in(piece, files):
    """The step of the checkpoint that is found among {name: bytes}, of which the last was written first."""
    with tempfile.TemporaryDirectory() as folder:
        for age, (name, content) in enumerate(files.items()):
            Path(folder, name).write_bytes(content)
            os.utime(Path(folder, name), (1e9 - age, 1e9 - age))
        found = piece(folder)
    if found is not None and not hasattr(found, "step"):
        raise UsageError("latest não devolveu um Checkpoint, nem None")
    return found if found is None else int(found.step)


# ---------------------------------------------------------------------------------------------------------------- save


def arrays_of(checkpoint, *, weights="weights.", memory="memory.", step=lambda step: step, kind=None):
    arrays = {weights + name: np.asarray(a, kind) for name, a in checkpoint.weights.items()}
    arrays |= {memory + name: np.asarray(a, kind) for name, a in checkpoint.memory.items()}
    return arrays | {"step": step(checkpoint.step), "rng": json.dumps(checkpoint.rng.bit_generator.state)}


def put(path, arrays, *, synced=True):
    aside = f"{path}.partial"
    with open(aside, "wb") as file:
        np.savez(file, **arrays)
        if synced:
            os.fsync(file.fileno())
    os.replace(aside, path)


def straight(path, checkpoint):
    with open(path, "wb") as file:
        np.savez(file, **arrays_of(checkpoint))
        os.fsync(file.fileno())


def still_in_memory(path, checkpoint):
    put(path, arrays_of(checkpoint), synced=False)


def synced_while_empty(path, checkpoint):
    aside = f"{path}.partial"
    with open(aside, "wb") as file:
        os.fsync(file.fileno())
        np.savez(file, **arrays_of(checkpoint))
    os.replace(aside, path)


def in_another_folder(path, checkpoint):
    aside = Path(path).parent.with_suffix(".partial")
    try:
        with open(aside, "wb") as file:
            np.savez(file, **arrays_of(checkpoint))
            os.fsync(file.fileno())
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)


def drawn_from(path, checkpoint):
    put(path, arrays_of(checkpoint))
    checkpoint.rng.random()


def old_one_removed_first(path, checkpoint):
    Path(path).unlink(missing_ok=True)
    put(path, arrays_of(checkpoint))


def something_left(path, checkpoint):
    arrays = arrays_of(checkpoint)
    put(path, arrays)
    Path(f"{path}.partial").write_bytes(b"")


def weights_alone(path, checkpoint):
    put(
        path,
        arrays_of(checkpoint._replace(memory={name: a for name, a in checkpoint.memory.items() if name == "last"})),
    )


def without_step(path, checkpoint):
    put(path, {name: a for name, a in arrays_of(checkpoint).items() if name != "step"})


def without_rng(path, checkpoint):
    put(path, {name: a for name, a in arrays_of(checkpoint).items() if name != "rng"})


def new_rng(path, checkpoint):
    put(path, arrays_of(checkpoint) | {"rng": json.dumps(np.random.default_rng(0).bit_generator.state)})


def without_prefixes(path, checkpoint):
    put(path, arrays_of(checkpoint, weights="", memory=""))


def the_next_step(path, checkpoint):
    put(path, arrays_of(checkpoint, step=lambda step: step + 1))


def in_float16(path, checkpoint):
    put(path, arrays_of(checkpoint, kind=np.float16))


# ---------------------------------------------------------------------------------------------------------------- load


def read(path, *, pickled=False, rng=None, cut=True, state=lambda state: state):
    with np.load(path, allow_pickle=pickled) as file:
        arrays = {name: file[name] for name in file.files}
    found = np.random.default_rng()
    found.bit_generator.state = state(json.loads(str(arrays["rng"])))
    parts = {
        part: {name.removeprefix(f"{part}." if cut else ""): a for name, a in arrays.items() if name.startswith(part)}
        for part in ("weights", "memory")
    }
    return Checkpoint(int(arrays["step"]), **parts, rng=rng or found)


def rng_anew(path):
    return read(path, rng=np.random.default_rng(0))


def rng_of_the_step(path):
    return read(path, rng=np.random.default_rng(read(path).step))


def half_a_number_lost(path):
    return read(path, state=lambda state: state | {"has_uint32": 0})


def prefixes_kept(path):
    return read(path, cut=False)


def renamed(path, name_of):
    """With other names than those that stand in the file after the prefix."""
    found = read(path, cut=False)
    parts = {
        part: {name_of(name, f"{part}."): array for name, array in getattr(found, part).items()}
        for part in ("weights", "memory")
    }
    return found._replace(**parts)


def letters_stripped(path):
    return renamed(path, lambda name, prefix: name.lstrip(prefix))


def between_dots(path):
    return renamed(path, lambda name, prefix: name.split(".")[1])


def errors_kept_inside(path):
    try:
        return read(path)
    except (zipfile.BadZipFile, EOFError, KeyError, ValueError, OSError):
        return None


def memory_at_0(path):
    found = read(path)
    return found._replace(memory={name: np.zeros_like(a) for name, a in found.memory.items()})


def memory_forgotten(path):
    return read(path)._replace(memory={})


def exchanged(path):
    found = read(path)
    return found._replace(weights=found.memory, memory=found.weights)


def a_step_later(path):
    found = read(path)
    return found._replace(step=found.step + 1)


def pickles_too(path):
    return read(path, pickled=True)


# -------------------------------------------------------------------------------------------------------------- latest


def newest(folder, *, pattern=r"step-(\d+)\.npz", key=None, reverse=True, gives_up=False, skips=0, whole=True):
    paths = [path for path in Path(folder).iterdir() if re.fullmatch(pattern, path.name)]
    paths.sort(key=key or (lambda path: int(re.findall(r"\d+", path.name)[0])), reverse=reverse)
    for path in paths[skips:]:
        try:
            return read(path) if whole else path.name
        except (zipfile.BadZipFile, EOFError, KeyError, ValueError, OSError):
            if gives_up:
                return None
    return None


def as_texts(folder):
    return newest(folder, key=lambda path: path.name)


def written_last(folder):
    return newest(folder, key=lambda path: path.stat().st_mtime)


def oldest(folder):
    return newest(folder, reverse=False)


def first_or_nothing(folder):
    return newest(folder, gives_up=True)


def partial_ones_too(folder):
    return newest(folder, pattern=r"step-(\d+)\.npz.*")


def names_alone(folder):
    return newest(folder, whole=False)


def nothing_found(folder):
    return None


def one_left_out(folder):
    return newest(folder, skips=1)


NOT_YET_THERE = ("o arquivo ganhou o nome sem estar inteiro no disco: os.fsync dele vem depois de np.savez, e antes de "
                 "os.replace")  # fmt: skip
NONE_FOUND = ("é None, e há um checkpoint inteiro: desistiu no primeiro estragado, ou falta um return, ou load recebeu "
              "o nome sem a pasta na frente (FileNotFoundError é um OSError, dos DAMAGED)")  # fmt: skip
MISTAKES = {
    "save": [
        (straight, "escreve direto no arquivo: quem parar no meio perde o novo e o antigo"),
        (still_in_memory, NOT_YET_THERE),
        (synced_while_empty, NOT_YET_THERE),
        (in_another_folder, "escreveu o outro arquivo noutra pasta, talvez noutro disco: é na mesma que path"),
        (drawn_from, "sorteou do Generator de quem salva: salvar não pode mudar o treino"),
        (old_one_removed_first, "apagou o antigo antes de o novo estar pronto; os.replace troca um pelo outro"),
        (something_left, "ficou na pasta um arquivo com o outro nome"),
        (weights_alone, "faltam as lembranças do otimizador"),
        (without_step, "falta o passo: sem ele a agenda da taxa recomeça"),
        (without_rng, "falta o estado do acaso"),
        (new_rng, "guardou o estado de um Generator novo, e não o do que veio"),
        (without_prefixes, "os nomes precisam do prefixo: pesos e lembranças podem ter o mesmo nome"),
        (the_next_step, "o passo guardado é step, quantos já foram dados, e não mais um"),
        (in_float16, "os números perderam casas: guarde cada array com o tipo que tem"),
    ],
    "load": [
        (rng_anew, "os sorteios recomeçam do zero; ponha no Generator o estado guardado"),
        (rng_of_the_step, "os sorteios saem de uma semente nova; ponha no Generator o estado guardado, em "
                          "bit_generator.state"),
        (half_a_number_lost, "o estado não voltou inteiro: has_uint32 e uinteger são a metade de um sorteio, à espera"),
        (prefixes_kept, "os nomes ficaram com o prefixo do arquivo"),
        (letters_stripped, "lstrip tira letras, enquanto forem dessas; removeprefix tira o prefixo"),
        (between_dots, "um nome pode ter pontos: tire só o prefixo, com removeprefix"),
        (errors_kept_inside, "o erro ficou dentro de load: deixe-o passar; é latest que vai ao arquivo anterior"),
        (memory_at_0, "as lembranças do otimizador voltaram a 0"),
        (memory_forgotten, "as lembranças do otimizador ficaram no arquivo"),
        (exchanged, "trocou os pesos pelas lembranças"),
        (a_step_later, "o passo é o que está no arquivo, e não o seguinte"),
        (pickles_too, "leu um objeto do Python, com allow_pickle=True: um arquivo assim pode executar o que quiser"),
    ],
    "latest": [
        (as_texts, "comparou os nomes como textos, em que step-9 vem depois de step-10; compare os números"),
        (written_last, "escolheu pela data do arquivo; vale o número do passo"),
        (oldest, "é o mais antigo; pede-se o mais novo"),
        (first_or_nothing, NONE_FOUND),
        (partial_ones_too, "leu o que um save interrompido deixou; contam só os nomes step-N.npz"),
        (names_alone, "pede-se o Checkpoint, que load dá, e não o nome ou o caminho do arquivo"),
        (nothing_found, NONE_FOUND),
        (one_left_out, "passou por cima do mais novo, que está inteiro"),
    ],
}  # fmt: skip

EQUIVALENT = {  # mutants of the solution that do the same
    "file.flush(): file.flush() -> (file)": "the zip that np.savez writes flushes its file when it is closed",
    "os.fsync(file.fileno()): file.fileno() -> (file)": "os.fsync asks what is no number for its fileno()",
}

HINTS = [
    "save: junte todos os arrays num dicionário e chame np.savez(arquivo, **arrays), com o arquivo aberto por open(…, "
    '"wb") com outro nome. load: com `with np.load(path) as arquivo:`, arquivo.files é a lista dos nomes. latest: '
    "extraia o número de cada nome antes de ordenar.",
    "save: json.dumps(rng.bit_generator.state) é um texto, que np.savez guarda como qualquer array; load: "
    "json.loads(str(array)) devolve o dicionário. Os prefixos tiram-se com removeprefix. latest: "
    're.fullmatch(r"step-(\\d+)\\.npz", nome) não aceita o que vem depois de .npz.',
    "save: dentro do with, np.savez, arquivo.flush(), os.fsync(arquivo.fileno()); depois dele, os.replace(outro, "
    "path). load: rng = np.random.default_rng(); rng.bit_generator.state = …. latest: for nos pares (número, caminho) "
    "em ordem decrescente, com try: return load(caminho) e except DAMAGED: continue.",
]


def to_save(size):
    return 7, {"w": np.ones((size, 9))}, {"w": np.zeros((size, 9))}, 1


def saving(piece, step, weights, memory, seed):
    """Save and nothing else, for to be measured."""
    with tempfile.TemporaryDirectory() as folder, mock.patch.object(os, "fsync"):
        piece(Path(folder, "step-7.npz"), Checkpoint(step, weights, memory, drawing(seed)))


def to_load(size):
    return (written(*to_save(size)),)


def to_look_through(size):
    content = written(*to_save(3))
    return ({f"step-{number}.npz": content for number in range(size)},)


WORK = {
    "save": Work(to_save, small=100, large=2000, through=saving, limit=None),
    "load": Work(to_load, small=100, large=2000, through=loaded, limit=None),
    "latest": Work(to_look_through, small=5, large=50, through=found_in, limit=None),
}
