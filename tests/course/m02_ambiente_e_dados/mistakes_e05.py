"""Respostas erradas de m02.e05, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

import re
import unicodedata

import numpy as np

from tinyllm.course.measure import SLOW, Work

rng = np.random.default_rng(0)
HALF = np.uint64(32)


def plain_words(text):
    return re.findall(r"[^\W_]+", unicodedata.normalize("NFC", text).casefold())


def runs(text, length=3):
    words = plain_words(text)
    return [tuple(words[i : i + length]) for i in range(max(1, len(words) - length + 1))]


def single_words(a, b):
    first, second = set(runs(a, 1)), set(runs(b, 1))
    return len(first & second) / len(first | second)


def in_pairs(a, b):
    first, second = set(runs(a, 2)), set(runs(b, 2))
    return len(first & second) / len(first | second)


def repeats_counted(a, b):
    first, second = runs(a), runs(b)
    return len([run for run in first if run in second]) / len(first + [run for run in second if run not in first])


def of_the_smaller(a, b):
    first, second = set(runs(a)), set(runs(b))
    return len(first & second) / min(len(first), len(second))


def over_the_sum(a, b):
    first, second = set(runs(a)), set(runs(b))
    return len(first & second) / (len(first) + len(second))


def as_they_are_written(a, b):
    first, second = ({tuple(text.split()[i : i + 3]) for i in range(max(1, len(text.split()) - 2))} for text in (a, b))
    return len(first & second) / len(first | second)


def in_letters(a, b):
    first, second = ({text[i : i + 3] for i in range(max(1, len(text) - 2))} for text in (a, b))
    return len(first & second) / len(first | second)


def last_run_lost(a, b):
    first, second = (set(runs(text)[: max(1, len(runs(text)) - 1)]) for text in (a, b))
    return len(first & second) / len(first | second)


def short_texts_have_nothing(a, b, empty=0.0):
    first, second = ({run for run in runs(text) if len(run) == 3} for text in (a, b))
    return len(first & second) / len(first | second) if first | second else empty


def short_texts_are_all_alike(a, b):
    return short_texts_have_nothing(a, b, empty=1.0)


def each_with_each(a, b):
    first, second = runs(a), runs(b)
    first = [run for i, run in enumerate(first) if run not in first[:i]]
    second = [run for i, run in enumerate(second) if run not in second[:i]]
    both = len([run for run in first if run in second])
    return both / (len(first) + len(second) - both)


def largest(shingles, factors, offsets):
    return ((factors * shingles + offsets).max(axis=1) >> HALF).astype(np.uint32)


def lower_half(shingles, factors, offsets):
    return (factors * shingles + offsets).astype(np.uint32).min(axis=1)


def of_each_shingle(shingles, factors, offsets):
    return ((factors * shingles + offsets).min(axis=0) >> HALF).astype(np.uint32)


def without_offsets(shingles, factors, offsets):
    return ((factors * shingles).min(axis=1) >> HALF).astype(np.uint32)


def of_the_first_shingle(shingles, factors, offsets):
    return ((factors * shingles + offsets)[:, 0] >> HALF).astype(np.uint32)


def whole_number(shingles, factors, offsets):
    return (factors * shingles + offsets).min(axis=1)


def place_of_the_least(shingles, factors, offsets):
    return (factors * shingles + offsets).argmin(axis=1).astype(np.uint32)


def offsets_first(shingles, factors, offsets):
    return ((factors * (shingles + offsets)).min(axis=1) >> HALF).astype(np.uint32)


def in_plain_python(shingles, factors, offsets):
    pairs = list(zip(factors[:, 0].tolist(), offsets[:, 0].tolist(), strict=True))
    least = [min((f * s + o) % 2**64 for s in shingles.tolist()) >> 32 for f, o in pairs]
    return np.array(least, dtype=np.uint32)


def wherever_it_stands(signature, others):
    return np.isin(others, signature).mean(axis=1)


def of_each_place(signature, others):
    return (others == signature).mean(axis=0)


def counted_only(signature, others):
    return (others == signature).sum(axis=1)


def all_or_nothing(signature, others):
    return (others == signature).all(axis=1).astype(float)


def where_they_differ(signature, others):
    return (others != signature).mean(axis=1)


def one_mean_for_all(signature, others):
    return (others == signature).mean()


def sets_of_numbers(signature, others):
    own = set(signature.tolist())
    return np.array([len(own & set(o.tolist())) / len(own | set(o.tolist())) for o in others])


def one_by_one(signature, others):
    mine = signature.tolist()
    return np.array([sum(a == b for a, b in zip(mine, o.tolist(), strict=True)) / len(mine) for o in others])


MISTAKES = {
    "jaccard": [
        (single_words, "comparou palavras soltas; um trecho são três palavras seguidas"),
        (in_pairs, "os trechos têm duas palavras; são três"),
        (repeats_counted, "contou os trechos repetidos mais de uma vez; são conjuntos (set)"),
        (of_the_smaller, "dividiu pelo menor dos conjuntos; embaixo vai a união"),
        (over_the_sum, "dividiu pela soma dos tamanhos, em que o que é comum conta duas vezes; embaixo vai a união"),
        (as_they_are_written, "comparou as palavras como estão escritas; maiúsculas e pontuação não contam: words_of"),
        (in_letters, "fez trechos de três letras; são três PALAVRAS seguidas"),
        (last_run_lost, "o último trecho de cada texto ficou de fora"),
        (short_texts_have_nothing, "um texto de menos de três palavras ficou sem trechos; ele é um trecho só"),
        (short_texts_are_all_alike, "um texto de menos de três palavras ficou sem trechos; ele é um trecho só"),
    ],
    "least_hashes": [
        (largest, "ficou com o maior valor de cada função; é o menor"),
        (lower_half, "ficou com os 32 bits de baixo, os menos embaralhados; são os de cima"),
        (of_each_shingle, "tirou o menor de cada trecho; é o de cada função de hash, ao longo dos trechos (axis=1)"),
        (without_offsets, "faltou somar offsets"),
        (of_the_first_shingle, "usou só o primeiro trecho; o menor é entre todos"),
        (whole_number, "devolveu os 64 bits; ficam só os 32 mais altos"),
        (place_of_the_least, "devolveu o lugar do menor; é o próprio valor"),
        (offsets_first, "somou offsets antes de multiplicar; é factors · s + offsets"),
    ],
    "similarity": [
        (wherever_it_stands, "contou valores iguais em lugares diferentes; cada número vale só no seu lugar"),
        (of_each_place, "tirou a média ao longo das assinaturas; é ao longo dos lugares (axis=1)"),
        (counted_only, "contou os lugares iguais; falta dividir por quantos são"),
        (all_or_nothing, "pediu que todos os lugares fossem iguais; é a fração deles"),
        (sets_of_numbers, "fez o Jaccard dos números; a assinatura já o estima, lugar a lugar"),
        (where_they_differ, "contou os lugares em que elas DISCORDAM"),
        (one_mean_for_all, "deu um número só para todas; é um por assinatura (axis=1)"),
    ],
}

COSTLY = {
    "jaccard": [(each_with_each, SLOW)],
    "least_hashes": [(in_plain_python, SLOW)],
    "similarity": [(one_by_one, SLOW)],
}

EQUIVALENT = {  # mutants of the solution that compute the same
    "return (least >> np.uint64(32)).astype(np.uint32): np.uint64(32) -> (32)": (
        "beside an array, NumPy takes a number of Python for one of the array's type"
    ),
    "{tuple(words[i : i + 3]) for i in range(max(1, len(words) - 2))} for words in words_of_each: "
    "max(1, len(words) - 2) -> max(len(words) - 2, 1)": "the larger of the same two numbers",
}

HINTS = [
    "jaccard: palavras[i : i + 3], para i de 0 a len(palavras) - 3, são os trechos; uma lista não entra num set, uma "
    "tupla entra. & é a interseção, | a união.",
    "least_hashes: factors (P, 1) vezes shingles (N,) dá (P, N), uma linha por função de hash: é o broadcasting do "
    "módulo 1. O menor de cada linha é .min(axis=1); >> np.uint64(32) e .astype(np.uint32) terminam.",
    "similarity: others == signature compara linha a linha, (N, P) com (P,), e a média de True e False é a fração de "
    "True. jaccard: max(1, len(palavras) - 2) trechos fazem do texto curto um trecho só.",
]


def two_texts(size):
    words = [f"palavra{n}" for n in rng.integers(size, size=2 * size)]
    return " ".join(words), " ".join([*words[: size // 2], "outra", *words[size // 2 :]])


def hashed(size):
    factors = rng.integers(1 << 63, size=(128, 1), dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    return (rng.integers(1 << 64, size=size, dtype=np.uint64), factors,
            rng.integers(1 << 64, size=(128, 1), dtype=np.uint64))  # fmt: skip


def signatures(size):
    return rng.integers(3, size=2048, dtype=np.uint32), rng.integers(3, size=(size, 2048), dtype=np.uint32)


WORK = {
    "jaccard": Work(two_texts, small=100, large=1000),
    "least_hashes": Work(hashed, small=50, large=400),
    "similarity": Work(signatures, small=20, large=160, limit=12),
}
