"""Respostas erradas de m04.e07, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

import os
import tempfile
from collections import namedtuple

import numpy as np

from tinyllm.course.measure import LARGE, Work

rng = np.random.default_rng(0)

# what a learner reads
OnDisk = namedtuple("OnDisk", "numeros_de_inicio bytes_do_arquivo numeros_no_arquivo_depois_de_escrever")
Stepped = namedtuple("Stepped", "weight m v devolvido")


def kept_on_disk(piece, shape):
    """What an array of a file begins with, how long the file is, and what stands in it once the array is written to."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "m.bin")
        with open(path, "wb") as file:
            file.write(b"old" * 50)  # of another training
        array = piece(path, shape)
        first = np.array(array)
        array[...] = np.arange(array.size, dtype=np.float32).reshape(shape) + 0.5
        if hasattr(array, "flush"):
            array.flush()
        size = os.path.getsize(path)
        return OnDisk(first, size, np.fromfile(path, np.float32))


def in_memory(path, shape):
    return np.zeros(shape, np.float32)


def in_float64(path, shape):
    return np.memmap(path, np.float64, mode="w+", shape=shape)


def old_numbers(path, shape):
    return np.memmap(path, np.float32, mode="r+", shape=shape)


def a_copy(path, shape):
    return np.array(np.memmap(path, np.float32, mode="w+", shape=shape))


def of_ones(path, shape):
    array = np.memmap(path, np.float32, mode="w+", shape=shape)
    array[...] = 1
    return array


def read_only_file(path, shape):
    np.memmap(path, np.float32, mode="w+", shape=shape).flush()
    return np.memmap(path, np.float32, mode="r", shape=shape)


def only_for_me(path, shape):
    np.memmap(path, np.float32, mode="w+", shape=shape).flush()
    return np.memmap(path, np.float32, mode="c", shape=shape)


def stepped(piece, weight, grad, m, v, *arguments, **options):
    """What stands in the three arrays after a step, and what it returned."""
    given = [np.array(array) for array in (weight, m, v)]
    return Stepped(given[0], *given[1:], piece(given[0], grad, *given[1:], *arguments, **options))


def from_files(piece, size):
    """Two steps in which all four arrays are kept in files, and what stands in them. Little of it is ever in memory."""
    draw = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as folder:
        weight, grad, m, v = (np.memmap(os.path.join(folder, name), np.float32, mode="w+", shape=(size, 500))
                              for name in ("weight", "grad", "m", "v"))  # fmt: skip
        weight[...] = draw.normal(size=500)
        for number in (1, 2):
            grad[...] = draw.normal(size=500)
            piece(weight, grad, m, v, number, 0.1, rows=20)
        found = tuple(np.array(array[::7, ::7]) for array in (weight, m, v))
        del weight, grad, m, v
    return found


def adamw(weight, grad, m, v, step, lr, *, rows, beta1=0.9, beta2=0.99, eps=1e-8, decay=0.1, last=True, written=True,
          corrected=True, square=np.square, shrinks="weight", shrunk_by=None, root=True, eps_inside=False, sign=-1.0,
          one_part=False, new=lambda beta: 1 - beta):  # fmt: skip
    """A step of AdamW with one thing otherwise."""
    count = min(rows, len(weight)) if one_part else len(weight) if last else len(weight) // rows * rows
    shrunk = 1 - (lr * decay if shrunk_by is None else shrunk_by)
    for start in range(0, count, rows):
        part = slice(start, start + rows)
        g, mean, spread = grad[part], np.array(m[part]), np.array(v[part])
        if shrinks == "gradient":
            g = g + decay * weight[part]
        mean += new(beta1) * (g - mean)
        spread += new(beta2) * (square(g) - spread)
        if shrinks == "weight":
            weight[part] *= shrunk
        of_m, of_v = (1 - beta1**step, 1 - beta2**step) if corrected else (1, 1)
        size = np.sqrt(spread / of_v + eps * eps_inside) if root else spread / of_v
        weight[part] += sign * (lr / of_m) * mean / (size + eps * (not eps_inside))
        if shrinks == "at the end":
            weight[part] *= shrunk
        if written == "corrected":
            m[part], v[part] = mean / of_m, spread / of_v
        elif written:
            m[part], v[part] = mean, spread


def the_rest_forgotten(weight, grad, m, v, step, lr, **options):
    adamw(weight, grad, m, v, step, lr, last=False, **options)


def means_not_written(weight, grad, m, v, step, lr, **options):
    adamw(weight, grad, m, v, step, lr, written=False, **options)


def not_corrected(weight, grad, m, v, step, lr, **options):
    adamw(weight, grad, m, v, step, lr, corrected=False, **options)


def magnitudes(weight, grad, m, v, step, lr, **options):
    adamw(weight, grad, m, v, step, lr, square=np.abs, **options)


def not_squared(weight, grad, m, v, step, lr, **options):
    adamw(weight, grad, m, v, step, lr, square=np.positive, **options)


def nothing_changed(weight, grad, m, v, step, lr, **options):
    pass


def first_part_alone(weight, grad, m, v, step, lr, **options):
    adamw(weight, grad, m, v, step, lr, one_part=True, **options)


def corrected_means_kept(weight, grad, m, v, step, lr, **options):
    adamw(weight, grad, m, v, step, lr, written="corrected", **options)


def betas_exchanged(weight, grad, m, v, step, lr, **options):
    adamw(weight, grad, m, v, step, lr, new=lambda beta: beta, **options)


def eps_under_the_root(weight, grad, m, v, step, lr, **options):
    adamw(weight, grad, m, v, step, lr, eps_inside=True, **options)


def shrunk_by_all_of_decay(weight, grad, m, v, step, lr, *, decay=0.1, **options):
    adamw(weight, grad, m, v, step, lr, shrunk_by=decay, decay=decay, **options)


def shrunk_at_the_end(weight, grad, m, v, step, lr, **options):
    adamw(weight, grad, m, v, step, lr, shrinks="at the end", **options)


def decay_in_the_gradient(weight, grad, m, v, step, lr, **options):
    adamw(weight, grad, m, v, step, lr, shrinks="gradient", **options)


def no_decay(weight, grad, m, v, step, lr, **options):
    adamw(weight, grad, m, v, step, lr, shrinks="", **options)


def no_root(weight, grad, m, v, step, lr, **options):
    adamw(weight, grad, m, v, step, lr, root=False, **options)


def uphill(weight, grad, m, v, step, lr, **options):
    adamw(weight, grad, m, v, step, lr, sign=1.0, **options)


def counted_from_zero(weight, grad, m, v, step, lr, **options):
    adamw(weight, grad, m, v, step + 1, lr, **options)


def all_of_it(weight, grad, m, v, step, lr, *, rows, **options):
    adamw(weight, grad, m, v, step, lr, rows=max(1, len(weight)), **options)


def times(parameters, tokens, speed, bandwidth, ahead, *, flops=6, each=16):
    return flops * parameters * tokens / speed, each * parameters / bandwidth


def slower(compute, moving, ahead):
    return (max(compute, moving) if ahead else compute + moving) / compute


def read_only(parameters, tokens, speed, bandwidth, ahead=False):
    return slower(*times(parameters, tokens, speed, bandwidth, ahead, each=8), ahead)


def one_mean(parameters, tokens, speed, bandwidth, ahead=False):
    return slower(*times(parameters, tokens, speed, bandwidth, ahead, each=4), ahead)


def forward_alone(parameters, tokens, speed, bandwidth, ahead=False):
    return slower(*times(parameters, tokens, speed, bandwidth, ahead, flops=2), ahead)


def always_summed(parameters, tokens, speed, bandwidth, ahead=False):
    return slower(*times(parameters, tokens, speed, bandwidth, ahead), False)


def always_ahead(parameters, tokens, speed, bandwidth, ahead=False):
    return slower(*times(parameters, tokens, speed, bandwidth, ahead), True)


def in_seconds(parameters, tokens, speed, bandwidth, ahead=False):
    compute, moving = times(parameters, tokens, speed, bandwidth, ahead)
    return max(compute, moving) if ahead else compute + moving


def in_whole_seconds(parameters, tokens, speed, bandwidth, ahead=False):
    compute, moving = times(parameters, tokens, speed, bandwidth, ahead)
    return float(slower(np.floor(compute), np.floor(moving), ahead))


def upside_down(parameters, tokens, speed, bandwidth, ahead=False):
    return 1 / slower(*times(parameters, tokens, speed, bandwidth, ahead), ahead)


def the_moving_alone(parameters, tokens, speed, bandwidth, ahead=False):
    compute, moving = times(parameters, tokens, speed, bandwidth, ahead)
    return moving / compute


def the_shorter(parameters, tokens, speed, bandwidth, ahead=False):
    compute, moving = times(parameters, tokens, speed, bandwidth, ahead)
    return (min(compute, moving) if ahead else compute + moving) / compute


MISTAKES = {
    "zeros_on_disk": [
        (in_memory, "o array mora na memória, e o arquivo ficou como estava"),
        (in_float64, "os números são float64, e o arquivo ficou com o dobro do tamanho"),
        (old_numbers, "abriu o arquivo como estava, com os números de antes; com mode=\"w+\" ele começa de zeros"),
        (a_copy, "o que se escreve no array não chega ao arquivo: é uma cópia, ou foi aberto com mode=\"c\""),
        (read_only_file, "abriu o arquivo só para ler; com mode=\"w+\" também se escreve nele"),
        (of_ones, "os números deveriam começar em 0"),
        (only_for_me, "o que se escreve no array não chega ao arquivo: é uma cópia, ou foi aberto com mode=\"c\""),
    ],
    "adamw_step": [
        (the_rest_forgotten, "as últimas linhas, que não enchem um pedaço, ficaram de fora"),
        (means_not_written, "m e v mudaram só na cópia; escreva-os de volta"),
        (nothing_changed, "weight, m e v ficaram como estavam: `m = …` faz um array novo, e o que chegou não muda; use "
                          "`m[…] = …`"),
        (first_part_alone, "só as primeiras `rows` linhas deram o passo; o laço vai até o fim da matriz"),
        (corrected_means_kept, "guardou m̂ e v̂; são m e v que ficam, e a correção se faz de novo a cada passo"),
        (betas_exchanged, "o que é novo entra com peso 1 - beta, e não beta"),
        (eps_under_the_root, "o eps ficou dentro da raiz; ele se soma a √v̂"),
        (shrunk_by_all_of_decay, "encolheu o peso em decay; é em lr · decay"),
        (shrunk_at_the_end, "encolheu o peso depois de andar; é antes"),
        (not_squared, "v é a média de g², e não a de g"),
        (not_corrected, "faltou dividir m e v por 1 - beta^step"),
        (magnitudes, "v é a média de g², e não a de |g|"),
        (decay_in_the_gradient, "somou o decay ao gradiente (isso é Adam com L2); no AdamW é o peso que encolhe"),
        (no_decay, "faltou encolher o peso: w (1 - lr · decay)"),
        (no_root, "faltou a raiz quadrada de v̂"),
        (uphill, "andou a favor do gradiente; é contra"),
        (counted_from_zero, "usou step + 1; step já conta de 1 em diante"),
    ],
    "slowdown": [
        (read_only, "contou só a leitura; m e v também são escritos de volta"),
        (one_mean, "contou 4 bytes por parâmetro; são dois números de 4 bytes, lidos e escritos"),
        (forward_alone, "contou só a ida; um passo são 6 FLOPs por parâmetro e token"),
        (always_summed, "com ahead as duas coisas acontecem ao mesmo tempo: conta a mais demorada"),
        (always_ahead, "sem ahead os tempos se somam"),
        (in_whole_seconds, "cortou as casas depois da vírgula; divida com /, e não com //"),
        (upside_down, "dividiu ao contrário: é o tempo com offload sobre o tempo sem ele"),
        (in_seconds, "isto são segundos; o que se pede é quantas vezes mais demora"),
        (the_moving_alone, "esqueceu o tempo das contas; sem offload um passo já o leva"),
        (the_shorter, "com ahead espera-se pelo mais DEMORADO dos dois"),
    ],
}  # fmt: skip

EQUIVALENT = {  # mutants of the solution that do the same
    "g, mean, square = grad[part], np.array(m[part]), np.array(v[part]): np.array(m[part]) -> (m[part])": "in place",
    "g, mean, square = grad[part], np.array(m[part]), np.array(v[part]): np.array(v[part]) -> (v[part])": "in place",
    "return (max(compute, moving) if ahead else compute + moving) / compute: max(compute, moving) -> "
    "max(moving, compute)": "the larger of the same two",
}

COSTLY = {"adamw_step": [(all_of_it, LARGE)]}

HINTS = [
    'zeros_on_disk: np.memmap(path, np.float32, mode="w+", shape=shape), e nada mais. slowdown: calcule os dois '
    "tempos, junte-os com + ou com max, e divida pelo das contas.",
    "adamw_step: for start in range(0, len(weight), rows), e part = slice(start, start + rows), que no fim pode passar "
    "do tamanho sem mal. np.array(m[part]) é uma cópia na memória; weight[part] -= … muda o peso no lugar.",
    "adamw_step: depois das contas, m[part] = média e v[part] = média dos quadrados. Sem isso o próximo passo não se "
    "lembra deste. Em m e v o gradiente entra como ele é: o decay só encolhe o peso.",
]


def shape_of(size):
    return ((size, 7),)


def count(size):
    return size, 1000, 1e9, 1e8


def rows_of_files(size):
    return (size,)


WORK = {
    "zeros_on_disk": Work(shape_of, small=10, large=1000, through=kept_on_disk, limit=None),
    "adamw_step": Work(rows_of_files, small=100, large=1600, through=from_files),
    "slowdown": Work(count, small=10, large=10_000, limit=None),
}
