"""Respostas erradas de m05.e06, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

import itertools
from collections import namedtuple

import numpy as np

import tinyllm.functional as F
from tinyllm.course.measure import LARGE, Work
from tinyllm.tensor import Tensor, backward

rng = np.random.default_rng(0)
RARE = 0  # the token that alone has a weight of its own

Accumulated = namedtuple("Accumulated", "perda gradientes linhas_de_cada_chamada")  # what a learner reads


class Table:
    """Logits of the next token from a table, two biases and, in a text with a RARE token, a weight for that alone."""

    def __init__(self, table, called):
        self.called, nothing = called, np.zeros((1, table.shape[1]), table.dtype)
        arrays = {"table": table, "bias": nothing, "other_bias": nothing, "rare": nothing}
        self.leaves = {name: Tensor(array, requires_grad=True) for name, array in arrays.items()}

    def loss(self, ids, targets, weights):
        self.called.append(len(ids))
        table, bias, other_bias, rare = self.leaves.values()
        logits = F.embedding(ids, table) + (bias + other_bias)
        if (ids == RARE).any():
            logits = logits + Tensor((ids == RARE)[..., None].astype(table.dtype)) * rare
        return F.cross_entropy(logits, np.maximum(targets, 0), weights=weights.astype(table.dtype))


def weight_of(ids, targets, weights):
    return weights.sum()


def accumulated(piece, table, parts):
    """What a way to accumulate gives of some parts, its gradients by name."""
    called = []
    model = Table(table, called)
    names = {leaf: name for name, leaf in model.leaves.items()}
    mean, gradients = piece(model.loss, weight_of, parts)
    mean = mean if isinstance(mean, Tensor) else table.dtype.type(mean)
    return Accumulated(mean, {names[leaf]: gradient for leaf, gradient in gradients.items()}, called)


# ----------------------------------------------------------------------------------------------------------------- cut


def pieces_of(
    ids, targets, rows, *, width=None, whole=None, empty=False, last=True, extra=0, of_targets=True, step=None, least=0
):
    found = []
    for start in range(0, len(ids), step or rows):
        some = slice(start, start + rows)
        learned = targets[some] >= least
        if (not learned.any() and not empty) or (len(targets[some]) < rows and not last):
            continue
        columns = np.flatnonzero(learned.any(axis=0))
        end = int(columns[-1]) + 1 if columns.size else 0
        end = whole if whole is not None else width(learned) if width else end + extra
        found.append((ids[some, :end], targets[some, : end if of_targets else None]))
    return found


def not_trimmed(ids, targets, rows):
    return pieces_of(ids, targets, rows, whole=ids.shape[1])


def to_the_longest_of_all(ids, targets, rows):
    longest = np.flatnonzero((targets >= 0).any(axis=0))
    return pieces_of(ids, targets, rows, whole=int(longest[-1]) + 1 if longest.size else 0)


def to_the_shortest(ids, targets, rows):
    def shortest(learned):
        return min((int(np.flatnonzero(row)[-1]) + 1 for row in learned if row.any()), default=0)

    return pieces_of(ids, targets, rows, width=shortest)


def by_count(ids, targets, rows):
    return pieces_of(ids, targets, rows, width=lambda learned: int(learned.sum(axis=1).max()))


def to_the_first_gap(ids, targets, rows):
    def until(learned):
        columns = learned.any(axis=0)
        return len(columns) if columns.all() else int(columns.argmin())

    return pieces_of(ids, targets, rows, width=until)


def middle_left_out(ids, targets, rows):
    found = []
    for some_ids, some_targets in pieces_of(ids, targets, rows):
        learned = (some_targets >= 0).any(axis=0)
        found.append((some_ids[:, learned], some_targets[:, learned]))
    return found


def rest_left_out(ids, targets, rows):
    return pieces_of(ids, targets, rows, last=False)


def so_many_pieces(ids, targets, rows):
    return pieces_of(ids, targets, -(-len(ids) // rows))


def empty_kept(ids, targets, rows):
    return pieces_of(ids, targets, rows, empty=True)


def last_column_left_out(ids, targets, rows):
    return pieces_of(ids, targets, rows, extra=-1)


def ids_alone(ids, targets, rows):
    return pieces_of(ids, targets, rows, of_targets=False)


def zero_is_padding(ids, targets, rows):
    return pieces_of(ids, targets, rows, least=1)


def by_rows_with_a_target(ids, targets, rows):
    return pieces_of(ids, targets, rows, width=lambda learned: int(np.flatnonzero(learned.any(axis=1))[-1]) + 1)


def rows_left_out(ids, targets, rows):
    return [tuple(array[(t >= 0).any(axis=1)] for array in (i, t)) for i, t in pieces_of(ids, targets, rows)]


def stopped_at_the_empty(ids, targets, rows):
    found = pieces_of(ids, targets, rows, empty=True)
    return list(itertools.takewhile(lambda piece: piece[0].size, found))


def turned_round(ids, targets, rows):
    return [(t, i) for i, t in pieces_of(ids, targets, rows)]


def overlapping(ids, targets, rows):
    return pieces_of(ids, targets, rows, step=1)


# ---------------------------------------------------------------------------------------------------------- accumulate


def summed(loss, weigh, parts, *, share=None, kept=True, first=False, skip=True, mean_share=None, in_place=False,
           cast=float):  # fmt: skip
    total, mean, sums = sum(weigh(*part) for part in parts), 0.0, {}
    for part in parts:
        fraction = cast(weigh(*part) / total)
        if fraction == 0 and skip:
            continue
        fraction = share(part, parts, fraction) if share else fraction
        value = loss(*part)
        mean += (mean_share(part, parts) if mean_share else fraction) * value.item()
        found = backward(value, np.asarray(fraction, value.dtype)) if in_place else backward(value)
        if first and sums:
            found = {parameter: gradient for parameter, gradient in found.items() if parameter in sums}
        for parameter, gradient in found.items():
            if in_place and parameter in sums:
                sums[parameter] += gradient
            elif in_place:
                sums[parameter] = gradient
            else:
                sums[parameter] = (sums.get(parameter, 0) if kept else 0) + fraction * gradient
    return mean, sums


def weighing(parts):
    return [part for part in parts if weight_of(*part)]


def share_of(part, parts):
    return float(weight_of(*part) / sum(weight_of(*p) for p in parts))


def mean_of_means(loss, weigh, parts):
    return summed(loss, weigh, parts, share=lambda part, parts, fraction: 1 / len(weighing(parts)))


def by_rows(loss, weigh, parts):
    return summed(loss, weigh, parts, share=lambda part, parts, fraction: len(part[0]) / sum(len(p[0]) for p in parts))


def by_positions(loss, weigh, parts):
    return summed(loss, weigh, parts, share=lambda part, parts, fraction: part[0].size / sum(p[0].size for p in parts))


def not_divided(loss, weigh, parts):
    return summed(loss, weigh, parts, share=lambda part, parts, fraction: float(weigh(*part)))


def not_weighed(loss, weigh, parts):
    return summed(loss, weigh, parts, share=lambda part, parts, fraction: 1.0)


def divided_twice(loss, weigh, parts):
    return summed(loss, weigh, parts, share=lambda part, parts, fraction: fraction / len(parts))


def loss_not_weighed(loss, weigh, parts):
    return summed(loss, weigh, parts, mean_share=lambda part, parts: 1 / len(weighing(parts)))


def gradients_not_weighed(loss, weigh, parts):
    return summed(loss, weigh, parts, share=lambda part, parts, fraction: 1.0, mean_share=share_of)


def gradients_not_divided(loss, weigh, parts):
    return summed(loss, weigh, parts, share=lambda part, parts, fraction: float(weigh(*part)), mean_share=share_of)


def of_the_last(loss, weigh, parts):
    return summed(loss, weigh, parts, kept=False)


def of_the_first_alone(loss, weigh, parts):
    return summed(loss, weigh, parts, first=True)


def nothing_skipped(loss, weigh, parts):
    return summed(loss, weigh, parts, skip=False)


def in_64_bits(loss, weigh, parts):
    return summed(loss, weigh, parts, cast=np.float64)


def in_place(loss, weigh, parts):
    return summed(loss, weigh, parts, in_place=True)


def scaled_in_place(loss, weigh, parts):
    total, mean, sums = sum(weigh(*part) for part in parts), 0.0, {}
    for part in weighing(parts):
        fraction = float(weigh(*part) / total)
        value = loss(*part)
        mean += fraction * value.item()
        for parameter, gradient in backward(value).items():
            gradient *= fraction
            sums[parameter] = sums[parameter] + gradient if parameter in sums else gradient
    return mean, sums


def all_graphs_at_once(loss, weigh, parts):
    total = float(sum(weigh(*part) for part in parts))
    whole = sum(loss(*part) * (float(weigh(*part)) / total) for part in parts if weigh(*part))
    return whole.item(), backward(whole)


MISTAKES = {
    "cut": [
        (not_trimmed, "as colunas do fim, em que nenhuma linha do pedaço tem alvo, ficaram"),
        (to_the_longest_of_all, "cortou pelo texto mais comprido do lote inteiro; é pelo mais comprido do pedaço"),
        (to_the_shortest, "cortou pela linha mais curta do pedaço, e perdeu alvos das outras"),
        (by_count, "contou os alvos; com um -1 no meio, o último deles está mais adiante: procure a última coluna"),
        (to_the_first_gap, "parou na primeira coluna sem alvo; é a última COM alvo que conta"),
        (middle_left_out, "tirou também colunas do meio; sem elas o modelo lê outro texto"),
        (rest_left_out, "o último pedaço, de menos linhas, ficou de fora"),
        (so_many_pieces, "fez `rows` pedaços; cada pedaço é que tem até `rows` linhas"),
        (empty_kept, "um pedaço sem alvo nenhum não entra na lista"),
        (last_column_left_out, "a última coluna com alvo ficou de fora: em a[:, :n] o n já não entra"),
        (ids_alone, "cortou só os ids; os alvos têm as mesmas colunas"),
        (zero_is_padding, "0 é um alvo como os outros; só -1 não se aprende"),
        (by_rows_with_a_target, "procurou a última LINHA com alvo; de cada coluna quem diz é any(axis=0)"),
        (rows_left_out, "tirou linhas sem alvo; só fica de fora o pedaço em que nenhuma tem"),
        (stopped_at_the_empty, "parou no primeiro pedaço sem alvo; passe por ele e continue: continue, e não break"),
        (turned_round, "trocou a ordem do par: primeiro os ids, depois os alvos"),
        (overlapping, "os pedaços se repetem: o próximo começa `rows` linhas adiante"),
    ],
    "accumulate": [
        (mean_of_means, "isto é a média das médias; só é a do lote se todos os pedaços pesam o mesmo"),
        (by_rows, "pesou cada pedaço pelas suas linhas; o que ele pesa é o que weigh diz"),
        (by_positions, "pesou cada pedaço pelo seu tamanho, enchimento incluído; o que ele pesa é o que weigh diz"),
        (not_divided, "faltou dividir pela soma dos pesos"),
        (not_weighed, "somou as médias sem as pesar"),
        (divided_twice, "as frações já somam 1; não divida também pelo número de pedaços"),
        (loss_not_weighed, "os gradientes estão certos, mas a perda é a média das médias: pese-a também"),
        (gradients_not_weighed, "a perda está certa, mas os gradientes foram somados sem as frações"),
        (gradients_not_divided, "a perda está certa, mas aos gradientes faltou dividir pela soma dos pesos"),
        (of_the_last, "ficaram os gradientes do último pedaço; some-os"),
        (of_the_first_alone, "um parâmetro que não apareceu no primeiro pedaço ficou de fora"),
        (nothing_skipped, "chamou loss num pedaço que pesa 0, e que não tem média; passe por ele"),
        (in_64_bits, "o gradiente virou float64: ou a fração é um np.float64, e converte-se com float(), ou somou num "
                       "np.zeros sem dtype"),
        (scaled_in_place, "mudou no lugar um array que backward deu a dois parâmetros; some em um novo"),
        (in_place, "mudou no lugar um array que backward deu a dois parâmetros; some em um novo"),
    ],
}  # fmt: skip

COSTLY = {"accumulate": [(all_graphs_at_once, LARGE)]}

HINTS = [
    "cut: for start in range(0, len(ids), rows):; some = slice(start, start + rows) serve para os dois arrays. "
    "accumulate: primeiro a soma de todos os pesos; depois, num laço, a fração do pedaço, a perda dele, e os "
    "gradientes dele vezes a fração.",
    "cut: (targets[some] >= 0).any(axis=0) diz, de cada coluna, se alguma linha tem alvo; np.flatnonzero(…)[-1] é a "
    "última delas, e a largura é uma a mais. accumulate: backward(perda) pede-se logo depois de cada loss: assim o "
    "grafo do pedaço já não existe quando o seguinte começa.",
    "accumulate: share = float(weigh(*part) / total); mean += share * value.item(); e, para cada parâmetro, "
    "sums[parameter] = sums.get(parameter, 0) + share * gradient, que faz um array novo.",
]


def long_batch(size):
    targets = rng.integers(0, 9, size=(size, 40))
    return targets, np.where(np.arange(40) < rng.integers(1, 40, size=(size, 1)), targets, -1), 4


def many_parts(size):
    ids = rng.integers(1, 30, size=(size, 8, 30))
    return rng.normal(size=(30, 200)).astype(np.float32), [(part, part, np.ones((8, 30))) for part in ids]


WORK = {
    "cut": Work(long_batch, small=40, large=2000, limit=None),
    "accumulate": Work(many_parts, small=4, large=80, through=accumulated, limit=None),
}
