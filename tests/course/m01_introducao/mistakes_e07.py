"""Respostas erradas de m01.e07, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

import numpy as np

from tinyllm.course.measure import SLOW, Work

rng = np.random.default_rng(0)
NOTHING_HERE = -100


def triangle(length):
    return np.tri(length, dtype=bool)


def not_shifted(ids):
    return ids[:-1], ids[:-1], triangle(len(ids) - 1)


def shifted_the_other_way(ids):
    return ids[1:], ids[:-1], triangle(len(ids) - 1)


def one_position_more(ids):
    return ids, np.roll(ids, -1), triangle(len(ids))


def one_position_more_ignored(ids):
    return ids, np.append(ids[1:], NOTHING_HERE), triangle(len(ids))


def mask_of_every_token(ids):
    return ids[:-1], ids[1:], triangle(len(ids))


def sees_what_comes(ids):
    return ids[:-1], ids[1:], triangle(len(ids) - 1).T


def not_even_itself(ids):
    return ids[:-1], ids[1:], np.tri(len(ids) - 1, k=-1, dtype=bool)


def sees_everything(ids):
    return ids[:-1], ids[1:], np.ones((len(ids) - 1, len(ids) - 1), bool)


def hidden(ids, chosen, draws, random_ids, mask_id):
    return np.where(chosen, np.where(draws < 0.8, mask_id, np.where(draws < 0.9, random_ids, ids)), ids)


def whole(ids):
    return np.ones((len(ids), len(ids)), bool)


def every_token_is_a_target(ids, chosen, draws, random_ids, mask_id):
    return hidden(ids, chosen, draws, random_ids, mask_id), ids + 0, whole(ids)


def always_the_mask(ids, chosen, draws, random_ids, mask_id):
    return np.where(chosen, mask_id, ids), np.where(chosen, ids, NOTHING_HERE), whole(ids)


def never_as_it_was(ids, chosen, draws, random_ids, mask_id):
    inputs = np.where(chosen, np.where(draws < 0.8, mask_id, random_ids), ids)
    return inputs, np.where(chosen, ids, NOTHING_HERE), whole(ids)


def not_only_the_chosen(ids, chosen, draws, random_ids, mask_id):
    inputs = hidden(ids, np.full(len(ids), True), draws, random_ids, mask_id)
    return inputs, np.where(chosen, ids, NOTHING_HERE), whole(ids)


def targets_after_hiding(ids, chosen, draws, random_ids, mask_id):
    inputs = hidden(ids, chosen, draws, random_ids, mask_id)
    return inputs, np.where(chosen, inputs, NOTHING_HERE), whole(ids)


def targets_of_the_others(ids, chosen, draws, random_ids, mask_id):
    return hidden(ids, chosen, draws, random_ids, mask_id), np.where(chosen, NOTHING_HERE, ids), whole(ids)


def zero_for_ignored(ids, chosen, draws, random_ids, mask_id):
    return hidden(ids, chosen, draws, random_ids, mask_id), np.where(chosen, ids, 0), whole(ids)


def limits_on_the_other_side(ids, chosen, draws, random_ids, mask_id):
    inputs = np.where(draws <= 0.8, mask_id, np.where(draws <= 0.9, random_ids, ids))
    return np.where(chosen, inputs, ids), np.where(chosen, ids, NOTHING_HERE), whole(ids)


def random_ones_first(ids, chosen, draws, random_ids, mask_id):
    inputs = np.where(draws < 0.1, random_ids, np.where(draws < 0.9, mask_id, ids))
    return np.where(chosen, inputs, ids), np.where(chosen, ids, NOTHING_HERE), whole(ids)


def chosen_unseen(ids, chosen, draws, random_ids, mask_id):
    inputs, targets = hidden(ids, chosen, draws, random_ids, mask_id), np.where(chosen, ids, NOTHING_HERE)
    return inputs, targets, whole(ids) & ~chosen


def sees_only_the_past(ids, chosen, draws, random_ids, mask_id):
    inputs = hidden(ids, chosen, draws, random_ids, mask_id)
    return inputs, np.where(chosen, ids, NOTHING_HERE), triangle(len(ids))


def spans_replaced(ids, spans, mark, last, *, behind=False, rest=True):
    """(the inputs, the targets) with mark(number of the span, its ids) in the place of each span."""
    inputs, targets, at = [], [], 0
    for number, (start, end) in enumerate(spans):
        sentinels, span = list(mark(number, ids[start:end])), list(ids[start:end])
        inputs += [*ids[at:start], *sentinels]
        targets += [*span, *sentinels[:1]] if behind else [*sentinels[:1], *span]
        at = end
    return np.array([*inputs, *(ids[at:] if rest else [])], int), np.array([*targets, *last], int)


def a_sentinel_for_every_token(ids, spans, sentinels):
    last = [sentinels[len(spans)]]
    return spans_replaced(ids, spans, lambda number, span: [sentinels[number]] * len(span), last)


def one_sentinel_for_all(ids, spans, sentinels):
    return spans_replaced(ids, spans, lambda number, span: [sentinels[0]], [sentinels[0]])


def without_an_end(ids, spans, sentinels):
    return spans_replaced(ids, spans, lambda number, span: [sentinels[number]], [])


def the_last_one_again(ids, spans, sentinels):
    return spans_replaced(ids, spans, lambda number, span: [sentinels[number]], [sentinels[len(spans) - 1]])


def the_last_of_all(ids, spans, sentinels):
    return spans_replaced(ids, spans, lambda number, span: [sentinels[number]], [sentinels[-1]])


def sentinel_behind(ids, spans, sentinels):
    last = [sentinels[len(spans)]]
    return spans_replaced(ids, spans, lambda number, span: [sentinels[number]], last, behind=True)


def rest_lost(ids, spans, sentinels):
    last = [sentinels[len(spans)]]
    return spans_replaced(ids, spans, lambda number, span: [sentinels[number]], last, rest=False)


def taken_out_without_a_trace(ids, spans, sentinels):
    inputs = np.array([token for i, token in enumerate(ids) if not any(a <= i < b for a, b in spans)], int)
    return inputs, spans_replaced(ids, spans, lambda n, span: [sentinels[n]], [sentinels[len(spans)]])[1]


def the_whole_text_as_target(ids, spans, sentinels):
    inputs, _ = spans_replaced(ids, spans, lambda number, span: [sentinels[number]], [])
    return inputs, ids + 0


def the_end_included(ids, spans, sentinels):
    longer = [(start, end + 1) for start, end in spans]
    return spans_replaced(ids, longer, lambda number, span: [sentinels[number]], [sentinels[len(spans)]])


def pair_by_pair(ids):
    T = len(ids) - 1
    return ids[:-1], ids[1:], np.array([[j <= i for j in range(T)] for i in range(T)])


def appended_one_by_one(ids, spans, sentinels):
    inputs, targets = ids[:0], ids[:0]
    begins, inside = dict(zip([start for start, _ in spans], sentinels, strict=False)), set()
    for start, end in spans:
        inside.update(range(start, end))
    for i, token in enumerate(ids):
        if i in begins:
            inputs, targets = np.append(inputs, begins[i]), np.append(targets, begins[i])
        if i in inside:
            targets = np.append(targets, token)
        else:
            inputs = np.append(inputs, token)
    return inputs, np.append(targets, sentinels[len(spans)])


MISTAKES = {
    "causal_example": [
        (not_shifted, "o alvo de cada posição é o próprio token; ela tem de prever o SEGUINTE"),
        (shifted_the_other_way, "entradas e alvos estão trocados: assim se prevê o passado"),
        (sees_what_comes, "a máscara está virada: na linha i estão as posições que a posição i vê"),
        (not_even_itself, "cada posição vê também a si mesma; a diagonal é True"),
        (sees_everything, "o GPT não vê o que vem depois: seria ler a resposta"),
        (one_position_more, "há uma posição a mais: o último token não tem seguinte, e só serve de alvo"),
        (one_position_more_ignored, "há uma posição a mais: o último token não tem seguinte, e só serve de alvo"),
        (mask_of_every_token, "a máscara tem uma linha e uma coluna a mais: é de T por T, com T = N - 1"),
    ],
    "masked_example": [
        (every_token_is_a_target, "só as posições escolhidas têm alvo; nas outras, IGNORED"),
        (always_the_mask, "faltaram os 10 % de tokens ao acaso e os 10 % que ficam como estão"),
        (never_as_it_was, "de 0,9 em diante o token fica como está, embora seja alvo"),
        (not_only_the_chosen, "mexeu em posições que não foram escolhidas"),
        (targets_after_hiding, "o alvo é o token original, não o que ficou no lugar dele"),
        (sees_only_the_past, "o BERT vê o texto inteiro, dos dois lados"),
        (targets_of_the_others, "os alvos estão ao contrário: IGNORED vai nas posições que NÃO foram escolhidas"),
        (zero_for_ignored, "pôs 0 onde não há alvo, e 0 é um token como os outros; ali vai IGNORED"),
        (limits_on_the_other_side, "os limites caíram do lado errado: é draws < 0,8, e depois draws < 0,9"),
        (chosen_unseen, "a máscara escondeu as posições escolhidas; o BERT vê todas, e nelas lê mask_id"),
        (random_ones_first, "trocou os limites dos sorteios: até 0,8 é mask_id, e só de 0,8 a 0,9 um token ao acaso"),
    ],
    "span_corruption": [
        (a_sentinel_for_every_token, "pôs uma sentinela por token; é uma por trecho, qualquer que seja o tamanho dele"),
        (one_sentinel_for_all, "cada trecho tem a sua sentinela; com uma só, não se sabe qual é qual"),
        (without_an_end, "os alvos terminam com mais uma sentinela, que diz que acabou"),
        (taken_out_without_a_trace, "tirou os trechos sem deixar sentinela no lugar"),
        (the_whole_text_as_target, "os alvos trazem só o que foi tirado, não o texto inteiro"),
        (the_end_included, "o fim de cada trecho fica de fora: ids[começo:fim]"),
        (the_last_one_again, "a sentinela do fim é a seguinte à do último trecho; esta é outra"),
        (the_last_of_all, "a sentinela do fim é a seguinte à do último trecho; esta é outra"),
        (sentinel_behind, "nos alvos a sentinela veio depois do seu trecho; ela vem antes"),
        (rest_lost, "as entradas param no último trecho; o resto do texto também fica"),
    ],
}

COSTLY = {
    "causal_example": [(pair_by_pair, SLOW)],
    "span_corruption": [(appended_one_by_one, SLOW)],
}

HINTS = [
    "causal_example: np.arange(T) <= np.arange(T)[:, np.newaxis] compara cada coluna j com cada linha i. As entradas "
    "são ids[:-1] e os alvos ids[1:].",
    "masked_example: np.where(condição, a, b) escolhe número a número, e um where pode estar dentro de outro. Primeiro "
    "o que cada posição seria se fosse escolhida; depois np.where(chosen, isso, ids).",
    "span_corruption: percorra zip(spans, sentinels) guardando em `at` onde o trecho anterior acabou. A cada trecho, "
    "entradas += [*ids[at:start], sentinela] e alvos += [sentinela, *ids[start:end]]; no fim, o resto e a última.",
]


def tokens(size):
    return (rng.integers(50_000, size=size),)


def chosen_tokens(size):
    ids, random_ids = rng.integers(50_000, size=(2, size))
    return ids, rng.random(size) < 0.15, rng.random(size), random_ids, 3


def cut_text(size):
    starts = range(2, size - 4, 20)
    return (
        rng.integers(50_000, size=size),
        [(s, s + 3) for s in starts],
        np.arange(60_000, 60_000 - len(starts) - 1, -1),
    )


WORK = {
    "causal_example": Work(tokens, small=50, large=400, degree=2),
    "masked_example": Work(chosen_tokens, small=50, large=400),
    "span_corruption": Work(cut_text, small=2000, large=40_000),
}
