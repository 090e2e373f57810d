"""Respostas erradas de m05.e02, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

from collections import namedtuple

import numpy as np

from tinyllm.course.measure import SLOW, Work

WithVelocity = namedtuple("WithVelocity", "p v devolvido")  # what a learner reads
WithMeans = namedtuple("WithMeans", "p m v devolvido")


def stepped(piece, p, g, *slots, **options):
    """What stands in the arrays after a step, and what it returned. They are changed in copies."""
    given = [np.array(array) for array in (p, *slots)]
    returned = piece(given[0], g, *given[1:], **options)
    return (WithVelocity if len(slots) == 1 else WithMeans)(*given, returned)


def in_a_larger_array(piece, p, g, *slots, **options):
    """The same, of arrays that are every second column of larger ones."""
    wide = [np.zeros((array.shape[0], 2 * array.shape[1]), array.dtype) for array in (p, *slots)]
    for larger, array in zip(wide, (p, *slots), strict=True):
        larger[:, ::2] = array
    returned = piece(wide[0][:, ::2], g, *(larger[:, ::2] for larger in wide[1:]), **options)
    return (WithVelocity if len(slots) == 1 else WithMeans)(*wide, returned)


# ---------------------------------------------------------------------------------------------------------- sgd_update


def sgd(p, g, v, *, lr, decay, step, momentum, nesterov, new=1.0, coupled=True, ahead=None, sign=-1.0):
    """A step with one thing otherwise."""
    slope = g + (decay * p if coupled else 0)
    v *= momentum
    v += new * slope
    p += sign * lr * (ahead(slope, v) if ahead and nesterov else slope + momentum * v if nesterov else v)


def without_momentum(p, g, v, **options):
    sgd(p, g, v, **options | {"momentum": 0.0, "nesterov": False})


def as_a_mean(p, g, v, **options):
    sgd(p, g, v, new=1 - options["momentum"], **options)


def new_arrays(p, g, *slots, lr, decay, step, **options):
    p = p - lr * (g + decay * p)


def uphill(p, g, v, **options):
    sgd(p, g, v, sign=1.0, **options)


def no_decay(p, g, v, **options):
    sgd(p, g, v, coupled=False, **options)


def decay_aside(p, g, v, *, lr, decay, **options):
    p *= 1 - lr * decay
    sgd(p, g, v, lr=lr, decay=0.0, **options)


def rate_in_the_velocity(p, g, v, *, lr, decay, step, momentum, nesterov):
    slope = lr * (g + decay * p)
    v *= momentum
    v += slope
    p -= slope + momentum * v if nesterov else v


def nesterov_forgotten(p, g, v, **options):
    sgd(p, g, v, **options | {"nesterov": False})


def nesterov_always(p, g, v, **options):
    sgd(p, g, v, **options | {"nesterov": True})


def velocity_twice(p, g, v, **options):
    sgd(p, g, v, ahead=lambda slope, v: v + options["momentum"] * v, **options)


def whole_velocity(p, g, v, **options):
    sgd(p, g, v, ahead=lambda slope, v: slope + v, **options)


def bare_gradient_ahead(p, g, v, *, lr, decay, step, momentum, nesterov):
    v *= momentum
    v += g + decay * p
    p -= lr * (g + momentum * v if nesterov else v)


def velocity_aside(p, g, v, **options):
    sgd(p, g, v.copy(), **options)


def weights_aside(p, g, v, **options):
    sgd(p.copy(), g, v, **options)


def old_velocity(p, g, v, *, lr, decay, step, momentum, nesterov):
    slope = g + decay * p
    new = momentum * v + slope
    p -= lr * (slope + momentum * new if nesterov else v)
    v[...] = new


def gradient_changed(p, g, v, *, decay, **options):
    g += decay * p
    sgd(p, g, v, decay=0.0, **options)


# ------------------------------------------------------------------------------------------------ adam and adamw_update


def adam(p, g, m, v, *, lr, decay, step, beta1, beta2, eps, new=lambda beta: 1 - beta, square=np.square, root=np.sqrt,
         corrected=(True, True), inside=False, sign=-1.0, kept=True, shrunk=None, late=False):  # fmt: skip
    """A step of Adam, or of AdamW where it is said by how much the weights shrink, with one thing otherwise."""
    slope = g + decay * p if shrunk is None else g
    m += new(beta1) * (slope - m)
    v += new(beta2) * (square(slope) - v)
    of_m, of_v = (1 - beta**step if is_so else 1 for beta, is_so in zip((beta1, beta2), corrected, strict=True))
    if not late:
        p *= 1 - (shrunk or 0)
    size = root(v / of_v + eps * inside) + eps * (not inside)
    p += sign * lr * (m / of_m) / size
    if late:
        p *= 1 - shrunk
    if not kept:
        m /= of_m
        v /= of_v


def not_corrected(p, g, m, v, **options):
    adam(p, g, m, v, corrected=(False, False), **options)


def only_m_corrected(p, g, m, v, **options):
    adam(p, g, m, v, corrected=(True, False), **options)


def corrections_kept(p, g, m, v, **options):
    adam(p, g, m, v, kept=False, **options)


def betas_exchanged(p, g, m, v, **options):
    adam(p, g, m, v, new=lambda beta: beta, **options)


def eps_under_the_root(p, g, m, v, **options):
    adam(p, g, m, v, inside=True, **options)


def not_squared(p, g, m, v, **options):
    adam(p, g, m, v, square=np.positive, root=lambda x: np.sqrt(np.abs(x)), **options)


def magnitudes(p, g, m, v, **options):
    adam(p, g, m, v, square=np.abs, **options)


def no_root(p, g, m, v, **options):
    adam(p, g, m, v, root=lambda x: x, **options)


def adam_uphill(p, g, m, v, **options):
    adam(p, g, m, v, sign=1.0, **options)


def adam_without_decay(p, g, m, v, **options):
    adam(p, g, m, v, **options | {"decay": 0.0})


def counted_from_0(p, g, m, v, *, step, **options):
    adam(p, g, m, v, step=step + 1, **options)


def shrunk_aside(p, g, m, v, **options):
    adam(p, g, m, v, shrunk=options["lr"] * options["decay"], **options)


def means_aside(p, g, m, v, **options):
    adam(p, g, m.copy(), v.copy(), **options)


def weights_of_adam_aside(p, g, m, v, **options):
    adam(p.copy(), g, m, v, **options)


def each_others_beta(p, g, m, v, *, beta1, beta2, **options):
    adam(p, g, m, v, beta1=beta2, beta2=beta1, **options)


def gradients_whole(p, g, m, v, *, lr, decay, step, beta1, beta2, eps):
    g = g + decay * p
    m *= beta1
    m += g
    v *= beta2
    v += g * g
    p -= lr * (m / (1 - beta1**step)) / (np.sqrt(v / (1 - beta2**step)) + eps)


def divided(p, g, m, v, *, lr, decay, step, beta1, beta2, eps, of=lambda beta, step: 1 - beta**step, late=False,
            beside=False):  # fmt: skip
    """A step of Adam that corrects in another way."""
    g = g + decay * p
    m += (1 - beta1) * (g - m)
    v += (1 - beta2) * (g * g - v)
    root = np.sqrt(v) / of(beta2, step) if late else np.sqrt(v / of(beta2, step))
    p -= lr * (m / of(beta1, step)) / (root + (0 if beside else eps)) + (beside or 0) * eps


def power_of_the_difference(p, g, m, v, **options):
    divided(p, g, m, v, of=lambda beta, step: (1 - beta) ** step, **options)


def one_step_less(p, g, m, v, **options):
    divided(p, g, m, v, of=lambda beta, step: 1 - beta ** (step - 1), **options)


def root_corrected(p, g, m, v, **options):
    divided(p, g, m, v, late=True, **options)


def eps_beside(p, g, m, v, **options):
    divided(p, g, m, v, beside=True, **options)


def decay_in_m_alone(p, g, m, v, *, lr, decay, step, beta1, beta2, eps):
    m += (1 - beta1) * (g + decay * p - m)
    v += (1 - beta2) * (g * g - v)
    p -= lr * (m / (1 - beta1**step)) / (np.sqrt(v / (1 - beta2**step)) + eps)


def number_by_number(p, g, m, v, **options):
    for place in np.ndindex(p.shape):
        one = [array[place][None] for array in (p, g, m, v)]
        adam(*one, **options)
        for array, new in zip((p, m, v), (one[0], *one[2:]), strict=True):
            array[place] = new[0]


def adamw(p, g, m, v, **options):
    adam(p, g, m, v, **{"shrunk": options["lr"] * options["decay"]} | options)


def decay_in_the_gradient(p, g, m, v, **options):
    adam(p, g, m, v, **options)


def shrunk_by_all_of_decay(p, g, m, v, **options):
    adamw(p, g, m, v, shrunk=options["decay"], **options)


def shrunk_at_the_end(p, g, m, v, **options):
    adamw(p, g, m, v, late=True, **options)


def not_shrunk(p, g, m, v, **options):
    adamw(p, g, m, v, shrunk=0.0, **options)


def shrunk_and_in_the_gradient(p, g, m, v, *, lr, decay, **options):
    p *= 1 - lr * decay
    adam(p, g, m, v, lr=lr, decay=decay, **options)


def grown(p, g, m, v, **options):
    adamw(p, g, m, v, shrunk=-options["lr"] * options["decay"], **options)


def weights_of_adamw_aside(p, g, m, v, **options):
    adamw(p.copy(), g, m, v, **options)


def adamw_not_corrected(p, g, m, v, **options):
    adamw(p, g, m, v, corrected=(False, False), **options)


def adamw_uphill(p, g, m, v, **options):
    adamw(p, g, m, v, sign=1.0, **options)


ASIDE = "p e as lembranças ficaram como estavam: `p = …` faz um array novo; use `p -= …` ou `p[…] = …`"
P_ASIDE = "p ficou como estava: `p = …` faz um array novo; use `p -= …`, `p *= …` ou `p[…] = …`"
MISTAKES = {
    "sgd_update": [
        (without_momentum, "a velocidade esqueceu o que era: fica com a parte momentum, e ganha o gradiente"),
        (as_a_mean, "pesou o gradiente com 1 - momentum; aqui ele entra inteiro na velocidade"),
        (new_arrays, ASIDE),
        (uphill, "andou a favor do gradiente; é contra"),
        (no_decay, "faltou o decay: o gradiente é g + decay · p"),
        (decay_aside, "encolheu os pesos à parte; aqui o decay entra no gradiente, e com ele na velocidade"),
        (rate_in_the_velocity, "pôs lr dentro da velocidade; ela junta gradientes, e lr entra só quando o peso anda"),
        (weights_aside, P_ASIDE),
        (velocity_aside, "a velocidade ficou como estava: `v = …` faz um array novo; use `v *= …` e `v += …`"),
        (bare_gradient_ahead, "com nesterov o gradiente do passo é g + decay · p, o mesmo que entra na velocidade"),
        (nesterov_forgotten, "com nesterov o peso anda contra gradiente + momentum · velocidade"),
        (nesterov_always, "sem nesterov o peso anda contra a velocidade, e nada mais"),
        (velocity_twice, "com nesterov usou velocidade + momentum · velocidade; o primeiro termo é o gradiente"),
        (whole_velocity, "com nesterov a velocidade entra multiplicada por momentum"),
        (old_velocity, "andou com a velocidade de antes; primeiro ela muda, e depois o peso anda"),
        (gradient_changed, "a função modificou os argumentos que recebeu"),
    ],
    "adam_update": [
        (not_corrected, "faltou corrigir as médias, que começam em 0: m e v são pequenas demais nos primeiros passos"),
        (only_m_corrected, "corrigiu só m; v também começa em 0"),
        (corrections_kept, "guardou as médias corrigidas; a correção é só para o passo, e m e v ficam sem ela"),
        (new_arrays, ASIDE),
        (weights_of_adam_aside, P_ASIDE),
        (means_aside, "m e v ficaram como estavam: `m = …` faz um array novo; use `m += …` ou `m[…] = …`"),
        (each_others_beta, "trocou os dois beta: beta1 é de m, e beta2 de v"),
        (gradients_whole, "as médias ganharam o gradiente inteiro; ganham a parte 1 - beta"),
        (power_of_the_difference, "dividiu por (1 - beta)**step; é 1 - beta**step"),
        (one_step_less, "usou step - 1 na correção; step já conta de 1 em diante"),
        (root_corrected, "dividiu a raiz de v pela correção; divida v, e depois tire a raiz"),
        (eps_beside, "o eps ficou fora do divisor: soma-se à raiz, entre parênteses"),
        (betas_exchanged, "a média anda 1 - beta do caminho até o número novo, e não beta"),
        (eps_under_the_root, "o eps ficou dentro da raiz; ele se soma a ela"),
        (not_squared, "v é a média dos quadrados dos gradientes, e não dos gradientes"),
        (magnitudes, "v é a média dos quadrados, e não a dos valores absolutos"),
        (no_root, "faltou a raiz quadrada de v corrigida"),
        (adam_uphill, "andou a favor do gradiente; é contra"),
        (adam_without_decay, "faltou o decay: o gradiente é g + decay · p"),
        (counted_from_0, "usou step + 1 na correção; step já conta de 1 em diante"),
        (shrunk_aside, "encolheu os pesos à parte: isso é o AdamW; no Adam o decay entra no gradiente"),
        (decay_in_m_alone, "o decay entrou em m e não em v; as duas médias são do gradiente com ele"),
    ],
    "adamw_update": [
        (decay_in_the_gradient, "somou o decay ao gradiente: isso é o Adam; no AdamW o peso encolhe à parte"),
        (shrunk_by_all_of_decay, "encolheu o peso na proporção decay; é lr · decay"),
        (shrunk_at_the_end, "encolheu o peso depois de andar; é antes"),
        (not_shrunk, "faltou encolher o peso"),
        (shrunk_and_in_the_gradient, "encolheu o peso e ainda somou o decay ao gradiente; é só a primeira coisa"),
        (grown, "o peso cresceu; 1 - lr · decay é menor que 1"),
        (weights_of_adamw_aside, P_ASIDE),
        (adamw_not_corrected, "faltou corrigir as médias, que começam em 0: m e v são pequenas demais nos primeiros "
                              "passos"),
        (adamw_uphill, "andou a favor do gradiente; é contra"),
        (new_arrays, ASIDE),
    ],
}  # fmt: skip

COSTLY = {"adam_update": [(number_by_number, SLOW)]}

HINTS = [
    "sgd_update: a ordem é gradiente com decay, velocidade, peso. Numa variável nova, g = g + decay * p não muda o "
    "array de quem chama; g += … muda. adamw_update: depois de encolher p, o resto é um passo do Adam com decay = 0, e "
    "você já tem essa função.",
    "adam_update: m += (1 - beta1) * (g - m) é o mesmo que m = beta1 · m + (1 - beta1) · g, e muda m no lugar. Depois "
    "de n passos os pesos dados aos gradientes somam 1 - beta^n, e não 1: é por isso que se divide m e v. Confira no "
    "exemplo: 0,05 / (1 - 0,9) = 0,5.",
    "adam_update: m̂ = m / (1 - beta1**step), v̂ = v / (1 - beta2**step), p -= lr * m̂ / (np.sqrt(v̂) + eps), em que g já "
    "é g + decay * p. sgd_update: v *= momentum, v += g, e p -= lr * v ou p -= lr * (g + momentum * v). adamw_update: "
    "p *= 1 - lr * decay, e adam_update com decay=0.0.",
]


def arrays(size, slots):
    draw = np.random.default_rng(0)
    return tuple(draw.random((size, 7), np.float32) for _ in range(2 + slots))


def with_velocity(size):
    return arrays(size, 1)


def with_means(size):
    return arrays(size, 2)


def sgd_step(piece, *given):
    return stepped(piece, *given, lr=0.1, decay=0.1, step=3, momentum=0.9, nesterov=True)


def adam_step(piece, *given):
    return stepped(piece, *given, lr=0.1, decay=0.1, step=3, beta1=0.9, beta2=0.99, eps=1e-8)


WORK = {
    "sgd_update": Work(with_velocity, small=100, large=3000, through=sgd_step),
    "adam_update": Work(with_means, small=100, large=3000, through=adam_step),
    "adamw_update": Work(with_means, small=100, large=3000, through=adam_step),
}
