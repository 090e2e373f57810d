"""m06.e08: how much a model prefers one of two, noise that grows with its level, and whether A is better than B."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyllm.evaluate import noise

rng = np.random.default_rng(0)

# ---------------------------------------------------------------------------------------------------------------- gaps


def gaps(judge, values, of="", kind=np.asarray):
    found = judge.same("gaps", values, case=f"{len(values) // 2} pares{of}",
                       through=lambda piece, values: judge.support.asked(piece, values, kind))  # fmt: skip
    judge.that(np.asarray(found.array_das_lacunas).dtype == np.float64, "gaps", f"{len(values) // 2} pares{of}",
               "deveria ser um array de float64")  # fmt: skip
    return found


@pytest.mark.parametrize("count", [2, 3, 7, 40])
def test_gaps(judge, count):
    gaps(judge, rng.normal(-20, 6, size=2 * count))


def test_gaps_of_any_scores(judge):
    @given(st.integers(1, 12), st.integers(0, 99))
    def agrees(count, seed):
        gaps(judge, np.random.default_rng(seed).normal(-30, 9, size=2 * count))

    agrees()


def test_scores_of_other_kinds(judge):
    values = rng.normal(-20, 6, size=10)
    gaps(judge, values, ", score devolve uma lista", list)
    gaps(judge, values, ", score devolve float32", lambda found: np.array(found, np.float32))
    gaps(judge, 1e4 * values, ", números grandes")
    gaps(judge, np.repeat(values, 2), ", o modelo não distingue")


def test_gaps_by_hand(judge):
    found = gaps(judge, np.array([-2.0, -3.0, -5.0, -1.0]), ", o exemplo")
    judge.that(np.allclose(found.array_das_lacunas, [1, -4]), "gaps", "o exemplo", "deveria dar [1, -4]")


# --------------------------------------------------------------------------------------------------------------- noise

TEXT = "A avó não é má: é só a Íris, que já está à mesa."
PATTERNS = {"letras com acento": "[áàâãéêíóôõúüçÍÁ]", "palavras": r"[^\W\d_]+", "espaços": " ", "letras": r"[^\W\d_]",
            "pares de letras": r"[a-z]{2}", "nada": "[0-9]"}  # fmt: skip


def spoil(judge, text, level, numbers, pattern, change="told", of=""):
    changed = getattr(judge.support, change)
    return judge.same("at_places", PATTERNS.get(pattern, pattern), changed, text, level, numbers,
                      through=judge.support.spoilt,
                      case=f"{pattern}, level={level:g}, {text!r}{of}")  # fmt: skip


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("level", [0, 0.1, 0.5, 0.9, 1])
def test_noise(judge, pattern, level):
    spoil(judge, TEXT, level, rng.random(97).tolist(), pattern)


def test_numbers_at_the_ends(judge):
    spoil(judge, TEXT, 0, [0.0, 0.5], "palavras", of=", todos os sorteios 0")
    spoil(judge, TEXT, 0.5, [0.5, 0.2, 0.4999, 0.3], "palavras", of=", sorteios de exatamente 0,5")
    spoil(judge, "", 0.5, [0.1], "palavras")
    spoil(judge, "mesa mesa mesa mesa", 0.5, [0.7, 0.1, 0.2, 0.3, 0.9, 0.4, 0.1, 0.5], "palavras", "upper")


def test_noise_of_any_text(judge):
    @given(st.text(st.sampled_from("aéã bÉ.1"), max_size=15), st.floats(0, 1), st.sampled_from(list(PATTERNS)),
           st.integers(0, 99))  # fmt: skip
    def agrees(text, level, pattern, seed):
        spoil(judge, text, level, np.random.default_rng(seed).random(31).tolist(), pattern)

    agrees()


def test_noise_by_hand(judge):
    for level, due in ((0.5, "é ja"), (0.8, "e ja")):
        found = spoil(judge, "é já", level, [0.7, 0.1, 0.2, 0.9], "[áé]", "unaccented", ", o exemplo")
        judge.that(found.texto == due, "at_places", f"o exemplo, level={level}", f"deveria dar {due!r}")


def test_what_changes_at_a_level_changes_at_all_above(judge):
    numbers = rng.random(97).tolist()
    changed = set()
    for level in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0):
        found = spoil(judge, TEXT, level, numbers, "palavras", "upper").texto
        now = {place for place, letter in enumerate(TEXT) if found[place] != letter}
        judge.that(changed <= now, "at_places", f"level={level}", "algo que mudou num nível menor deixou de mudar")
        changed = now


def test_the_library_makes_the_same_noise(judge):
    piece = judge.answer.at_places
    judge.about("at_places", "como o ruído da biblioteca que tira acentos")
    found = judge.outcome(lambda piece: piece(PATTERNS["letras com acento"], noise.unaccented)(
        TEXT, 0.5, random.Random("noise")), piece, ())  # fmt: skip
    due = noise.at_places(PATTERNS["letras com acento"], noise.unaccented)(TEXT, 0.5, random.Random("noise"))
    judge.that(
        found == due, "at_places", "como o ruído da biblioteca que tira acentos", f"deu {found!r}; ela dá {due!r}"
    )


# ------------------------------------------------------------------------------------------------------------- verdict

SURE_SEEDS = {"seeds_a": np.array([0.80, 0.82, 0.81]), "seeds_b": np.array([0.70, 0.71])}


def study(judge, *blocks, tried=1, chosen=False, **seeds):
    """A Study of blocks: (how many, A is right, B is right, their group, whether they were read), in a mixed order."""
    rows = [block[1:] for block in blocks for _ in range(block[0])]
    rows = [(*row, *(0, False)[len(row) - 2 :]) for row in rows]
    order = np.random.default_rng(len(rows)).permutation(len(rows))
    a, b, groups, read = (np.array(column)[order] for column in zip(*rows, strict=True))
    known = SURE_SEEDS | seeds
    return judge.solution.Study(a=a, b=b, read=read, groups=groups, seeds_a=known["seeds_a"], seeds_b=known["seeds_b"],
                                tried=tried, chosen_on_test=chosen)  # fmt: skip


R, W = True, False
BOTH = (60, R, R)
CASES = {
    "A é melhor": (BOTH, (30, R, W), (8, W, R)),
    "o contrário": (BOTH, (8, R, W), (30, W, R)),
    "um pouco melhor, e pode ser acaso": (BOTH, (12, R, W), (8, W, R)),
    "um pouco pior, e pode ser acaso": (BOTH, (8, R, W), (12, W, R)),
    "nunca discordam": (BOTH, (20, W, W)),
    "p de um lado só passaria": ((60, R, R), (19, R, W), (9, W, R)),
    "17 a 6, p = 0,035": (BOTH, (17, R, W), (6, W, R)),
    "nada de comum, e muitos acertos": ((900, R, R), (30, R, W), (8, W, R)),
    "A acertou o que tinha lido": (BOTH, (30, R, W, 0, R), (12, R, W), (8, W, R)),
    "B acertou o que tinha lido": (BOTH, (30, R, W), (8, W, R), (40, W, R, 0, R)),
    "restam 29": ((80, R, R, 0, R), (25, R, W), (4, W, R)),
    "restam 30": ((80, R, R, 0, R), (26, R, W), (4, W, R)),
    "todos lidos": ((80, R, W, 0, R), (9, R, R, 0, R)),
    "melhor, mas não em um grupo": (BOTH, (60, R, W), (4, W, R), (20, R, R, 1), (3, R, W, 1), (25, W, R, 1)),
    "discordam muito em um grupo": (BOTH, (200, R, W), (4, W, R), (20, R, R, 1), (10, R, W, 1), (60, W, R, 1)),
    "pior em um grupo, que pode ser acaso": (BOTH, (60, R, W), (4, W, R), (40, R, R, 1), (4, R, W, 1), (9, W, R, 1)),
    "pior em um grupo pequeno": (BOTH, (60, R, W), (4, W, R), (9, R, R, 1), (20, W, R, 1)),
    "pior em um grupo de 30": (BOTH, (60, R, W), (4, W, R), (10, R, R, 1), (20, W, R, 1)),
    "um grupo que, sem os lidos, é pequeno": (
        BOTH, (60, R, W), (4, W, R), (9, R, R, 1, R), (9, R, R, 1), (16, W, R, 1), (90, W, R, 0, R)),
    "um grupo que só com os lidos é pior": (BOTH, (60, R, W), (40, R, R, 1), (5, R, W, 1), (20, W, R, 1, R)),
    "pior em um de três grupos, p = 0,035": (
        BOTH, (60, R, W), (40, R, R, 1), (6, R, W, 1), (17, W, R, 1), (40, R, R, 2)),
    "pior em um grupo, com outros pequenos": (
        BOTH, (60, R, W), (40, R, R, 4), (6, R, W, 4), (19, W, R, 4), *((9, R, R, g) for g in (1, 2, 3))),
    "pior no grupo 3, e o 1 e o 2 não existem": (BOTH, (60, R, W), (20, R, R, 3), (25, W, R, 3)),
}  # fmt: skip


def ask(judge, what, **known):
    told = "".join(f", {name}={value}" for name, value in known.items() if not isinstance(value, np.ndarray))
    return judge.same("verdict", study(judge, *CASES[what], **known), case=f"{what}{told}")


@pytest.mark.parametrize("what", CASES)
@pytest.mark.parametrize("tried", [1, 3, 40])
def test_verdict(judge, what, tried):
    ask(judge, what, tried=tried)


@pytest.mark.parametrize("what", ["A é melhor", "o contrário", "restam 29", "nunca discordam"])
def test_a_chosen_model(judge, what):
    ask(judge, what, chosen=True)


SEEDS = {
    "a diferença é menor que o erro": ([0.80, 0.90, 0.70], [0.78, 0.86]),
    "a diferença é de um erro e meio": ([0.80, 0.84, 0.82], [0.79, 0.81]),
    "B é melhor em média": ([0.70, 0.71], [0.80, 0.82, 0.81]),
    "mais sementes, menor o erro": ([0.80, 0.86, 0.83, 0.80, 0.86, 0.83, 0.8, 0.86], [0.78, 0.82, 0.8, 0.78, 0.82]),
    "muitas sementes, e uma diferença clara": (
        [0.80, 0.86, 0.83, 0.80, 0.86, 0.83, 0.8, 0.86],
        [0.77, 0.81, 0.79, 0.77, 0.81],
    ),
    "só n - 1 faz a diferença": ([0.80, 0.84], [0.77, 0.79]),
    "as variâncias somam-se, e não os erros": ([0.80, 0.84, 0.82], [0.775, 0.805, 0.79]),
    "não tremem, e são iguais": ([0.75, 0.75], [0.75, 0.75, 0.75]),
    "não tremem, e diferem": ([0.81, 0.81], [0.8, 0.8, 0.8]),
}


@pytest.mark.parametrize("which", SEEDS)
@pytest.mark.parametrize("what", ["A é melhor", "melhor, mas não em um grupo", "o contrário"])
def test_seeds(judge, which, what):
    seeds_a, seeds_b = map(np.array, SEEDS[which])
    case = study(judge, *CASES[what], seeds_a=seeds_a, seeds_b=seeds_b)
    judge.same("verdict", case, case=f"{what}; sementes: {which}")


def test_any_verdict(judge):
    @given(st.integers(5, 90), st.integers(1, 4), st.integers(0, 9), st.floats(0, 0.5), st.integers(1, 4))
    def agrees(count, groups, seed, read, tried):
        draw = np.random.default_rng(seed)
        a, b = draw.random((2, count)) < [[0.9], [0.5]]
        seeds = draw.normal(0.8, 0.02, size=4), draw.normal(0.7, 0.02, size=3)
        of_groups = draw.integers(groups, size=count)
        case = judge.solution.Study(a, b, draw.random(count) < read, of_groups, *seeds, tried, False)
        judge.same("verdict", case, case=f"{count} exemplos sorteados, {groups} grupos, tried={tried}")

    agrees()


@pytest.mark.parametrize("name", ["gaps", "at_places", "verdict"])
def test_time_and_memory(judge, name):
    judge.fast(name)
