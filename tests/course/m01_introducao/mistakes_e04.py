"""Respostas erradas de m01.e04, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

import numpy as np

from tinyllm.course.judge import there_and_back
from tinyllm.course.measure import LARGE, SLOW, Work
from tinyllm.tensor import Tensor, dense, op

rng = np.random.default_rng(0)


def summed(grad, shape):
    if grad.shape == shape:
        return grad
    grad = grad.sum(axis=tuple(range(grad.ndim - len(shape))))
    return grad.sum(axis=tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True)


def only_what_was_added(grad, shape):
    return grad.sum(axis=tuple(range(grad.ndim - len(shape))))


def only_what_was_stretched(grad, shape):
    added = (1,) * (grad.ndim - len(shape))
    return grad.sum(axis=tuple(i for i, n in enumerate((*added, *shape)) if n == 1), keepdims=True)


def without_keepdims(grad, shape):
    grad = only_what_was_added(grad, shape)
    return grad.sum(axis=tuple(i for i, n in enumerate(shape) if n == 1))


def averaged(grad, shape):
    grad = grad.mean(axis=tuple(range(grad.ndim - len(shape))))
    return grad.mean(axis=tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True)


def cut_off(grad, shape):
    while grad.ndim > len(shape):
        grad = grad[0]
    return grad[tuple(slice(n) for n in shape)]


def last_axes_first(grad, shape):
    grad = grad.sum(axis=tuple(range(len(shape), grad.ndim)))
    return grad.sum(axis=tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True)


def all_of_it(grad, shape):
    return np.full(shape, grad.sum())


@op
def exchanged(a, b):
    return a * b, lambda dy: (dy * a, dy * b)


@op
def without_dy(a, b):
    return a * b, lambda dy: (np.broadcast_to(b, dy.shape), np.broadcast_to(a, dy.shape))


@op
def one_sided(a, b):
    return a * b, lambda dy: (dy * b, None)


@op
def as_if_added(a, b):
    return a * b, lambda dy: (dy, dy)


@op
def without_dy_for_b(a, b):
    return a * b, lambda dy: (dy * b, np.broadcast_to(a, dy.shape))


@op
def by_the_whole_product(a, b):
    return a * b, lambda dy: (dy * a * b, dy * a * b)


def walked(loss, grad, *, add=lambda old, new: old + new, next_node=lambda nodes: max(nodes, key=lambda n: n.born),
           undo=summed):  # fmt: skip
    """A backward whose parts can be wrong one at a time."""
    leaves, nodes = {}, {}

    def receive(source, dx):
        totals = leaves if isinstance(source, Tensor) else nodes
        dx = undo(dense(dx, source.shape), source.shape)
        totals[source] = add(totals[source], dx) if source in totals else dx

    receive(loss.node or loss, np.ones_like(loss.data) if grad is None else grad)
    while nodes:
        node = next_node(nodes)
        for source, dx in node.gradients(nodes.pop(node)):
            receive(source, dx)
    return leaves


def the_last_one_stays(loss, grad=None):
    return walked(loss, grad, add=lambda old, new: new)


def the_first_one_stays(loss, grad=None):
    return walked(loss, grad, add=lambda old, new: old)


def in_place(loss, grad=None):
    def add(old, new):
        if not old.flags.writeable:
            return old + new
        old += new
        return old

    return walked(loss, grad, add=add)


def as_they_come(loss, grad=None):
    return walked(loss, grad, next_node=lambda nodes: next(iter(nodes)))


def the_last_that_came(loss, grad=None):
    return walked(loss, grad, next_node=lambda nodes: next(reversed(nodes)))


def the_oldest_first(loss, grad=None):
    return walked(loss, grad, next_node=lambda nodes: min(nodes, key=lambda node: node.born))


def broadcasting_forgotten(loss, grad=None):
    return walked(loss, grad, undo=lambda dx, shape: dx)


def always_from_one(loss, grad=None):
    return walked(loss, None)


def from_the_value(loss, grad=None):
    return walked(loss, loss.data if grad is None else grad)


def by_recursion(loss, grad=None):
    order, leaves, totals = [], {}, {}

    def visit(node):
        if isinstance(node, Tensor) or not hasattr(node, "gradients") or node in order:
            return
        for source in node.inputs:
            visit(source)
        order.append(node)

    visit(loss.node or loss)
    start = np.ones_like(loss.data) if grad is None else grad
    (totals if loss.node else leaves)[loss.node or loss] = start
    for node in reversed(order):
        if node in totals:
            for source, dx in node.gradients(totals.pop(node)):
                known = leaves if isinstance(source, Tensor) else totals
                dx = summed(dense(dx, source.shape), source.shape)
                known[source] = known[source] + dx if source in known else dx
    return leaves


def number_by_number(grad, shape):
    total = np.zeros(shape, grad.dtype)
    added = grad.ndim - len(shape)
    for place in np.ndindex(grad.shape):
        total[tuple(0 if n == 1 else i for i, n in zip(place[added:], shape, strict=True))] += grad[place]
    return total


def everything_kept(loss, grad=None):
    kept = []

    def undo(dx, shape):
        kept.append(summed(dx, shape))
        return kept[-1]

    return walked(loss, grad, undo=undo)


MISTAKES = {
    "sum_to_shape": [
        (only_what_was_added, "somou os eixos a mais, mas não os que tinham tamanho 1 e foram esticados"),
        (only_what_was_stretched, "os eixos a mais, à esquerda, somem do resultado: some-os sem keepdims"),
        (without_keepdims, "os eixos de tamanho 1 sumiram; somados com keepdims=True, eles ficam"),
        (averaged, "tirou a média; um número repetido recebe a SOMA dos gradientes"),
        (cut_off, "ficou com um pedaço do gradiente; um número repetido recebe a soma de todos os lugares"),
        (last_axes_first, "somou os últimos eixos; os que grad tem a mais ficam à ESQUERDA"),
        (all_of_it, "somou o array inteiro; só se somam os eixos a mais e os que foram esticados"),
    ],
    "multiply": [
        (exchanged, "os gradientes estão trocados: a derivada de a·b em relação a a é b"),
        (without_dy, "faltou a regra da cadeia: a derivada local vezes dy"),
        (one_sided, "b também precisa de gradiente: devolva um par"),
        (as_if_added, "isto é a volta da soma; a do produto multiplica dy pelo outro fator"),
        (without_dy_for_b, "faltou a regra da cadeia: a derivada local vezes dy"),
        (by_the_whole_product, "multiplicou dy pelo produto inteiro; a derivada de a·b em relação a a é só b"),
    ],
    "backward": [
        (the_last_one_stays, "um valor usado duas vezes recebe a SOMA dos seus gradientes; aqui ficou um só"),
        (in_place, "somou com += no array que chegou, que é também de outros; some num array novo"),
        (as_they_come, "foi a um nó antes de o gradiente dele estar inteiro; vá sempre ao mais novo dos que esperam"),
        (broadcasting_forgotten, "há um gradiente com a forma da saída; passe cada dx por sum_to_shape"),
        (always_from_one, "começou de 1, embora tenha recebido grad"),
        (by_recursion, "usou recursão; um grafo comprido pede um laço"),
        (the_first_one_stays, "um valor usado duas vezes recebe a SOMA dos seus gradientes; aqui ficou um só"),
        (
            the_last_that_came,
            "foi a um nó antes de o gradiente dele estar inteiro; vá sempre ao mais novo dos que esperam",
        ),
        (
            the_oldest_first,
            "foi a um nó antes de o gradiente dele estar inteiro; vá sempre ao mais novo dos que esperam",
        ),
        (from_the_value, "começou do valor da perda; a derivada dela em relação a si mesma é 1"),
    ],
}

COSTLY = {
    "sum_to_shape": [(number_by_number, SLOW)],
    "backward": [(everything_kept, LARGE)],
}

HINTS = [
    "sum_to_shape: faça uma coisa por vez. Primeiro .sum(axis=...) sobre os primeiros grad.ndim - len(shape) eixos; "
    "depois, com keepdims=True, sobre aqueles em que shape tem 1. axis aceita um tuple, até vazio.",
    "multiply: a derivada de a · b por a é b, e por b é a; o `backward` dela devolve as duas vezes dy, num par. "
    "backward: guarde em dois dicts o gradiente até aqui de cada folha e de cada nó que espera; uma folha é um Tensor. "
    "Uma função de dentro, receive(fonte, dx), põe cada dx no dict certo, ou o soma ao que já está lá.",
    "O laço: while nodes: youngest = max(nodes, key=lambda node: node.born); tire-o do dict com pop e passe a receive "
    "cada par de youngest.gradients(dy). O primeiro receive leva loss.node or loss e grad, ou np.ones_like(loss.data).",
]


def stretched(size):
    return rng.normal(size=(size, 40, 8)), (40, 1)


def factors(size):
    return rng.normal(size=(size, 64)), rng.normal(size=(size, 64)), rng.normal(size=64)


def chain(size):
    return rng.normal(size=2000), size


def walk(piece, x, length):
    """The gradient over a chain of operations that keep nothing for their way back."""
    leaf = y = Tensor(x, requires_grad=True)
    for _ in range(length):
        y = 1.0 - y
    return piece(y, x)[leaf]


WORK = {
    "sum_to_shape": Work(stretched, small=10, large=80),
    "multiply": Work(factors, small=200, large=1600, through=there_and_back),
    "backward": Work(chain, small=50, large=400, through=walk),
}
