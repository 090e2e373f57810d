"""Respostas erradas de m04.e03, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

from collections import namedtuple

import numpy as np

from tinyllm.course.measure import Work
from tinyllm.models import gpt, llama
from tinyllm.nn.module import map_parameters
from tinyllm.tensor import no_grad

rng = np.random.default_rng(0)

Drawn = namedtuple("Drawn", "array próximo_sorteio_do_rng")  # a learner reads these names


def drawn(piece, seed, n_in, n_out, **options):
    """What a piece draws from a generator made from a seed, and what the generator draws next: one call leaves it where
    the solution does."""
    draws = np.random.default_rng(seed)
    array = piece(n_in, n_out, rng=draws, **options)
    return Drawn(array, draws.integers(10**9))


def model(family, seed, layers, ids, scale):
    """A small model in float64. The last weights of each part are `scale` times as large: its blocks count."""
    sizes = {"vocab_size": 20, "context": ids.shape[1], "layers": layers, "heads": 2, "width": 12}
    draws = np.random.default_rng(seed)
    made = gpt.GPT(gpt.GPTConfig(**sizes), rng=draws) if family == "gpt" else llama.Llama(
        llama.LlamaConfig(**sizes, hidden=18), rng=draws)  # fmt: skip
    map_parameters(made, lambda array: array.astype(np.float64))
    for block in made.blocks:
        for part in (block.attention.out, block.feed_forward.down):
            part.weight.data *= scale
    made.tokens.weight.data += 0.2  # a mean that is not 0
    return made


def measured(piece, family, seed, layers, ids, scale):
    """What a piece measures of such a model: a list of numbers."""
    found = piece(model(family, seed, layers, ids, scale), ids)
    if not isinstance(found, list | tuple | np.ndarray):
        return found
    return [float(number) if np.ndim(number) == 0 else number for number in found]


def size_of_the_output(n_in, n_out, *, rng, std=None):
    return rng.normal(scale=n_out**-0.5 if std is None else std, size=(n_in, n_out))


def variance_for_deviation(n_in, n_out, *, rng, std=None):
    return rng.normal(scale=1 / n_in if std is None else std, size=(n_in, n_out))


def deviation_for_mean(n_in, n_out, *, rng, std=None):
    return rng.normal(n_in**-0.5 if std is None else std, size=(n_in, n_out))


def uniform(n_in, n_out, *, rng, std=None):
    limit = n_in**-0.5 if std is None else std
    return rng.uniform(-limit, limit, size=(n_in, n_out))


def standard(n_in, n_out, *, rng, std=None):
    return rng.normal(scale=1.0 if std is None else std, size=(n_in, n_out))


def std_ignored(n_in, n_out, *, rng, std=None):
    return rng.normal(scale=n_in**-0.5, size=(n_in, n_out))


def transposed(n_in, n_out, *, rng, std=None):
    return rng.normal(scale=n_in**-0.5 if std is None else std, size=(n_out, n_in))


def for_relu(n_in, n_out, *, rng, std=None):
    return rng.normal(scale=(2 / n_in) ** 0.5 if std is None else std, size=(n_in, n_out))


def of_both_sides(n_in, n_out, *, rng, std=None):
    return rng.normal(scale=(2 / (n_in + n_out)) ** 0.5 if std is None else std, size=(n_in, n_out))


def grown(n_in, n_out, *, rng, std=None):
    return rng.normal(scale=n_in**0.5 if std is None else std, size=(n_in, n_out))


def a_tenth_forgotten(width, additions):
    return (additions * width) ** -0.5


def additions_forgotten(width, additions):
    return 0.1 * width**-0.5


def width_forgotten(width, additions):
    return 0.1 * additions**-0.5


def divided_by_the_additions(width, additions):
    return 0.1 * width**-0.5 / additions


def doubled_again(width, additions):
    return 0.1 * (2 * additions * width) ** -0.5


def as_a_variance(width, additions):
    return 0.1 / (additions * width)


def walked(model, ids, *, entry=True, each=np.std, last=False, again=False, shared_too=True):
    with no_grad():
        x, shared = model.begin(ids)
        found, first = [float(each(x.data))] if entry else [], x
        for block in model.blocks:
            x = block(first if again else x, *shared)
            found.append(float(each(x.data)))
        if last:
            found[-1] = float(each(model.end(x).data))
    return found


def without_the_entry(model, ids):
    return walked(model, ids, entry=False)


def variances(model, ids):
    return walked(model, ids, each=np.var)


def mean_not_taken_away(model, ids):
    return walked(model, ids, each=lambda x: (x**2).mean() ** 0.5)


def with_the_last_norm(model, ids):
    return walked(model, ids, last=True)


def of_each_vector(model, ids):
    return walked(model, ids, each=lambda x: x.std(axis=-1).mean())


def the_entry_again(model, ids):
    return walked(model, ids, again=True)


def with_the_end(model, ids):
    return [*walked(model, ids), walked(model, ids, last=True)[-1]]


def with_bessel(model, ids):
    return walked(model, ids, each=lambda x: x.std(ddof=1))


MISTAKES = {
    "initial_weight": [
        (size_of_the_output, "o que conta é n_in, quantos termos cada saída soma; não n_out"),
        (variance_for_deviation, "1/n_in é a variância; o desvio-padrão é a raiz dela"),
        (standard, "com desvio 1, cada saída soma n_in termos e sai √n_in vezes maior do que entrou"),
        (deviation_for_mean, "o primeiro argumento de rng.normal é a média; o desvio é scale=…"),
        (uniform, "sorteou de um uniforme; são números normais, de rng.normal"),
        (std_ignored, "não usou o std que recebeu"),
        (transposed, "a forma saiu (n_out, n_in); é (n_in, n_out), para que x @ W dê certo"),
        (for_relu, "isto é 2/n_in, a conta para a ReLU, que apaga metade; aqui nada se apaga"),
        (of_both_sides, "isto faz a média de n_in e n_out (Glorot); aqui se guarda só o tamanho da ida, por n_in"),
        (grown, "multiplicou pela raiz de n_in; é dividir"),
    ],
    "out_std": [
        (a_tenth_forgotten, "falta o décimo: 0,1"),
        (additions_forgotten, "falta dividir pela raiz de additions"),
        (width_forgotten, "falta dividir pela raiz de width"),
        (divided_by_the_additions, "dividiu por additions; é pela raiz, porque as VARIÂNCIAS é que se somam"),
        (doubled_again, "additions já é 2 L: não dobre outra vez"),
        (as_a_variance, "faltou a raiz: isto é 0,1 vezes uma variância"),
    ],
    "deviations": [
        (without_the_entry, "falta a entrada: são L + 1 números, o primeiro antes de qualquer bloco"),
        (variances, "isto é a variância; o desvio-padrão é a raiz dela"),
        (mean_not_taken_away, "isto é a raiz da média dos quadrados; no desvio-padrão se tira antes a média"),
        (with_the_last_norm, "passou pela norma do fim; ela fica de fora"),
        (of_each_vector, "fez a média dos desvios de cada vetor; é o desvio de todos os números juntos"),
        (the_entry_again, "cada bloco recebeu a entrada; tem de receber o que o anterior deu"),
        (with_the_end, "sobrou um número, o da norma do fim; são L + 1"),
    ],
}

HINTS = [
    "initial_weight: rng.normal(scale=…, size=(n_in, n_out)). A variância de uma soma de n_in produtos independentes "
    "de média 0 é n_in · Var(x) · Var(W); para que seja Var(x), Var(W) tem de ser 1/n_in. out_std: um número só, com "
    "potências de -0,5.",
    "deviations: x, shared = model.begin(ids); guarde x.data.std(); depois, para cada block de model.blocks, "
    "x = block(x, *shared) e guarde de novo. Tudo dentro de with no_grad():.",
    "initial_weight: scale = n_in**-0.5 if std is None else std. out_std: 0.1 * (additions * width) ** -0.5.",
]


def matrix(size):
    return 0, size, 40


def stream(size):
    return size, 24


def deep(size):
    return "gpt", 0, size, rng.integers(20, size=(2, 8)), 10.0


WORK = {
    "initial_weight": Work(matrix, small=50, large=1000, through=drawn),
    "out_std": Work(stream, small=10, large=10_000),
    "deviations": Work(deep, small=2, large=10, through=measured),
}
