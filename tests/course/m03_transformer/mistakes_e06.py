"""Respostas erradas de m03.e06, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

import numpy as np

from tinyllm.course.measure import LARGE, Work

rng = np.random.default_rng(0)


def in_blocks(piece, q, k, v, block, causal):
    """The way to call the attention."""
    return piece(q, k, v, block=block, causal=causal)


def step(largest, total, sums, scores, values):
    new = np.maximum(largest, scores.max(axis=-1, keepdims=True))
    shrink, weights = np.exp(largest - new), np.exp(scores - new)
    return new, total * shrink + weights.sum(axis=-1, keepdims=True), sums * shrink + weights @ values


def total_not_shrunk(largest, total, sums, scores, values):
    new, _, sums = step(largest, total, sums, scores, values)
    return new, total + np.exp(scores - new).sum(axis=-1, keepdims=True), sums


def sums_not_shrunk(largest, total, sums, scores, values):
    new, total, _ = step(largest, total, sums, scores, values)
    return new, total, sums + np.exp(scores - new) @ values


def largest_of_the_block(largest, total, sums, scores, values):
    with np.errstate(all="ignore"):
        new = scores.max(axis=-1, keepdims=True)
        shrink, weights = np.exp(largest - new), np.exp(scores - new)
        return new, total * shrink + weights.sum(axis=-1, keepdims=True), sums * shrink + weights @ values


def stretched(largest, total, sums, scores, values):
    with np.errstate(all="ignore"):
        new = np.maximum(largest, scores.max(axis=-1, keepdims=True))
        shrink, weights = np.exp(new - largest), np.exp(scores - new)
        return new, total * shrink + weights.sum(axis=-1, keepdims=True), sums * shrink + weights @ values


def largest_of_all(largest, total, sums, scores, values):
    new = np.maximum(largest, scores.max(keepdims=True))
    shrink, weights = np.exp(largest - new), np.exp(scores - new)
    return new, total * shrink + weights.sum(axis=-1, keepdims=True), sums * shrink + weights @ values


def weights_by_the_old(largest, total, sums, scores, values):
    new = np.maximum(largest, scores.max(axis=-1, keepdims=True))
    shrink, weights = np.exp(largest - new), np.exp(scores - largest)
    return new, total * shrink + weights.sum(axis=-1, keepdims=True), sums * shrink + weights @ values


def block_alone(largest, total, sums, scores, values):
    new = np.maximum(largest, scores.max(axis=-1, keepdims=True))
    weights = np.exp(scores - new)
    return new, weights.sum(axis=-1, keepdims=True), weights @ values


def block_shrunk_too(largest, total, sums, scores, values):
    new = np.maximum(largest, scores.max(axis=-1, keepdims=True))
    shrink, weights = np.exp(largest - new), np.exp(scores - new)
    return new, (total + weights.sum(axis=-1, keepdims=True)) * shrink, (sums + weights @ values) * shrink


def mean_of_the_weights(largest, total, sums, scores, values):
    new, _, sums = step(largest, total, sums, scores, values)
    return new, total * np.exp(largest - new) + np.exp(scores - new).mean(axis=-1, keepdims=True), sums


def divided_at_each_step(largest, total, sums, scores, values):
    new, total, sums = step(largest, total, sums, scores, values)
    return new, total, sums / total


def written_over(largest, total, sums, scores, values):
    new, later, summed = step(largest, total, sums, scores, values)
    total[...], sums[...] = later, summed
    return new, total, sums


def attended(q, k, v, block, causal, *, divisor=None, places=None, first=None, ends=None, least=-np.inf):
    T, S = q.shape[-2], k.shape[-2]
    places = np.arange(S - T, S) if places is None else places
    state = np.full((*q.shape[:-1], 1), least, q.dtype), np.zeros((*q.shape[:-1], 1), q.dtype), np.zeros_like(q)
    for start in range(0, S if ends is None else ends, block):
        keys, values = k[..., start : start + block, :], v[..., start : start + block, :]
        scores = q @ keys.swapaxes(-1, -2) / (q.shape[-1] ** 0.5 if divisor is None else divisor)
        if causal:
            begins = start if first is None else first
            scores = np.where(np.arange(begins, begins + keys.shape[-2]) > places[:, None], -np.inf, scores)
        state = step(*state, scores, values)
    return state


def not_divided_by_the_total(q, k, v, *, block, causal=False):
    return attended(q, k, v, block, causal)[2]


def not_divided_by_the_root(q, k, v, *, block, causal=False):
    _, total, sums = attended(q, k, v, block, causal, divisor=1.0)
    return sums / total


def divided_by_the_channels(q, k, v, *, block, causal=False):
    _, total, sums = attended(q, k, v, block, causal, divisor=q.shape[-1])
    return sums / total


def largest_from_zero(q, k, v, *, block, causal=False):
    _, total, sums = attended(q, k, v, block, causal, least=0.0)
    return sums / total


def last_block_lost(q, k, v, *, block, causal=False):
    whole = max(block, k.shape[-2] // block * block)
    _, total, sums = attended(q, k, v, block, causal, ends=whole)
    return sums / total


def each_block_from_zero(q, k, v, *, block, causal=False):
    _, total, sums = attended(q, k, v, block, causal, first=0)
    return sums / total


def queries_from_zero(q, k, v, *, block, causal=False):
    _, total, sums = attended(q, k, v, block, causal, places=np.arange(q.shape[-2]))
    return sums / total


def not_even_itself(q, k, v, *, block, causal=False):
    T, S = q.shape[-2], k.shape[-2]
    _, total, sums = attended(q, k, v, block, causal, places=np.arange(S - T, S) - 1)
    return sums / total


def future_seen(q, k, v, *, block, causal=False):
    _, total, sums = attended(q, k, v, block, False)
    return sums / total


def all_at_once(q, k, v, *, block, causal=False):
    T, S = q.shape[-2], k.shape[-2]
    scores = q @ k.swapaxes(-1, -2) / q.shape[-1] ** 0.5
    if causal:
        scores = np.where(np.arange(S) > np.arange(S - T, S)[:, None], -np.inf, scores)
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return weights @ v / weights.sum(axis=-1, keepdims=True)


MISTAKES = {
    "online_softmax_step": [
        (total_not_shrunk, "o total antigo foi somado com a maior antiga; falta encolhê-lo, exp(m - m')"),
        (sums_not_shrunk, "a soma dos valores não foi encolhida com o total; as duas usam o mesmo exp(m - m')"),
        (largest_of_the_block, "ficou com a maior do bloco; é a maior entre ela e a que já havia"),
        (stretched, "esticou em vez de encolher: é exp(m - m'), que nunca passa de 1"),
        (divided_at_each_step, "dividiu a cada bloco; a divisão é uma só, no fim, em flash_attention"),
        (written_over, "a função modificou os argumentos que recebeu"),
        (largest_of_all, "usou uma só maior para o array inteiro; cada pergunta tem a sua (axis=-1)"),
        (weights_by_the_old, "calculou os pesos do bloco com a maior antiga, m; é com a nova, m'"),
        (block_alone, "ficou só com o bloco; o que já havia, encolhido, soma-se a ele"),
        (mean_of_the_weights, "tirou a média dos pesos do bloco; no total entra a soma deles"),
        (block_shrunk_too, "encolheu também o bloco que chega; só se encolhe o que já havia"),
    ],
    "flash_attention": [
        (not_divided_by_the_total, "falta a divisão do fim: sums / total"),
        (not_divided_by_the_root, "faltou dividir por √D"),
        (last_block_lost, "o último bloco ficou de fora: ele pode ser menor que os outros"),
        (each_block_from_zero, "contou as posições de cada bloco a partir de 0; a primeira é a do começo do bloco"),
        (queries_from_zero, "a pergunta t está na posição S - T + t, e não em t"),
        (future_seen, "as perguntas estão vendo o futuro; com causal=True, ele recebe -inf"),
        (divided_by_the_channels, "dividiu por D; é pela raiz de D"),
        (
            largest_from_zero,
            "começou de 0, e não de -inf: se todas as pontuações são muito negativas, os pesos viram 0",
        ),
        (not_even_itself, "com causal=True, cada pergunta vê também a própria posição"),
    ],
}

COSTLY = {"flash_attention": [(all_at_once, LARGE)]}

ERASED = "what was there before the first block is multiplied by exp(-inf), that is by 0"
EQUIVALENT = {  # mutants of the solution that compute the same
    "new = np.maximum(largest, scores.max(axis=-1, keepdims=True)): np.maximum(largest, scores.max(axis=-1, "
    "keepdims=True)) -> np.maximum(scores.max(axis=-1, keepdims=True), largest)": "the larger of the same two numbers",
    "total, sums = np.zeros_like(largest), np.zeros_like(q): np.zeros_like(largest) -> np.ones_like(largest)": ERASED,
    "total, sums = np.zeros_like(largest), np.zeros_like(q): np.zeros_like(q) -> np.ones_like(q)": ERASED,
    "total, sums = np.zeros_like(largest), np.zeros_like(q): np.zeros_like(q) -> (q)": ERASED,
    "scores = q @ keys.swapaxes(-1, -2) / q.shape[-1] ** 0.5  # (..., T, b): keys.swapaxes(-1, -2) -> "
    "keys.swapaxes(-2, -1)": "the same two axes change places",
    "largest = np.full((*q.shape[:-1], 1), -np.inf, q.dtype): 1 -> 0": (
        "one -inf for all queries is stretched by the first block to one for each"
    ),
}

HINTS = [
    "online_softmax_step: new = np.maximum(largest, scores.max(axis=-1, keepdims=True)). Com shrink = np.exp(largest - "
    "new) e weights = np.exp(scores - new), cada soma é a antiga vezes shrink, mais a do bloco.",
    "A soma dos pesos do bloco é weights.sum(axis=-1, keepdims=True); a dos valores, weights @ values. Devolva os "
    "três, na ordem em que chegaram.",
    "flash_attention: for start in range(0, S, block), e k[..., start : start + block, :]; a fatia do fim sai menor "
    "sozinha. As posições das chaves do bloco são np.arange(start, start + keys.shape[-2]).",
]


def one_block(size):
    largest, total, sums = (rng.normal(size=(size, n)) for n in (1, 1, 16))
    return largest, np.exp(total), sums, rng.normal(size=(size, 32)), rng.normal(size=(32, 16))


def heads(size):
    return *rng.normal(size=(3, size, 16)), 32, True


WORK = {
    "online_softmax_step": Work(one_block, small=100, large=800, limit=None),
    "flash_attention": Work(heads, small=100, large=800, through=in_blocks, degree=2, limit=None),
}
