"""Respostas erradas de m02.e08, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

import collections
import itertools
import random

from tinyllm.course.measure import SLOW, Work
from tinyllm.text.merging import BYTE_IDS


def counted_pairs(words, counts, *, pairs=itertools.pairwise, weigh=lambda count: count):
    pair_counts, where = collections.Counter(), collections.defaultdict(set)
    for index, (word, count) in enumerate(zip(words, counts, strict=True)):
        for pair in pairs(word):
            pair_counts[pair] += weigh(count)
            where[pair].add(index)
    return pair_counts, where


def last_pair_lost(words, counts):
    return counted_pairs(words, counts, pairs=lambda word: list(itertools.pairwise(word))[:-1])


def every_other_pair(words, counts):
    return counted_pairs(words, counts, pairs=lambda word: zip(word[::2], word[1::2], strict=False))


def either_way_round(words, counts):
    return counted_pairs(words, counts, pairs=lambda word: (tuple(sorted(p)) for p in itertools.pairwise(word)))


def places_for_words(words, counts):
    pair_counts, where = counted_pairs(words, counts)
    for pair in where:
        where[pair] = {i for word in words for i, p in enumerate(itertools.pairwise(word)) if p == pair}
    return pair_counts, where


def the_last_word_only(words, counts):
    pair_counts, where = counted_pairs(words, counts)
    return pair_counts, {pair: {max(indices)} for pair, indices in where.items()}


def counts_forgotten(words, counts):
    return counted_pairs(words, counts, weigh=lambda count: 1)


def once_a_word(words, counts):
    return counted_pairs(words, counts, pairs=lambda word: set(itertools.pairwise(word)))


def across_words(words, counts):
    pair_counts, where = counted_pairs(words, counts)
    for index, (word, other) in enumerate(itertools.pairwise(words)):
        if word and other:
            pair_counts[word[-1], other[0]] += counts[index]
            where[word[-1], other[0]].add(index)
    return pair_counts, where


def merged_once(word, pair, new_id):
    for position in range(len(word) - 1):
        if word[position : position + 2] == pair:
            return (*word[:position], new_id, *word[position + 2 :])
    return word


def from_the_right(word, pair, new_id):
    merged, position = [], len(word)
    while position > 0:
        if position > 1 and word[position - 2 : position] == pair:
            merged.append(new_id)
            position -= 2
        else:
            merged.append(word[position - 1])
            position -= 1
    return tuple(reversed(merged))


def used_twice(word, pair, new_id):
    merged, skip = [], False
    for position in range(len(word)):
        if word[position : position + 2] == pair:
            merged.append(new_id)
            skip = True
        elif not skip:
            merged.append(word[position])
        else:
            skip = False
    return tuple(merged)


def second_left_behind(word, pair, new_id):
    return tuple(new_id if word[i : i + 2] == pair else word[i] for i in range(len(word)))


def last_id_lost(word, pair, new_id):
    merged, position = [], 0
    while position < len(word) - 1:
        found = word[position : position + 2] == pair
        merged.append(new_id if found else word[position])
        position += 2 if found else 1
    return tuple(merged)


def taken_out(word, pair, new_id):
    return tuple(token for token in replaced(word, pair, new_id) if token != new_id)


def either_order(word, pair, new_id):
    merged, position = [], 0
    while position < len(word):
        found = word[position : position + 2] in (pair, pair[::-1])
        merged.append(new_id if found else word[position])
        position += 2 if found else 1
    return tuple(merged)


def replaced(word, pair, new_id):
    merged, position = [], 0
    while position < len(word):
        found = word[position : position + 2] == pair
        merged.append(new_id if found else word[position])
        position += 2 if found else 1
    return tuple(merged)


def by_count(pair, count):
    return -count, pair


def trained(
    word_counts, wanted, progress, *, order=by_count, table=BYTE_IDS, first_id=256, weigh=lambda count: count, least=1
):
    words = [tuple(word.translate(table) if table else word) for word in word_counts]
    counts = [weigh(count) for count in word_counts.values()]
    merges = []
    while len(merges) < wanted:
        pair_counts, _ = counted_pairs(words, counts)
        if not pair_counts or max(pair_counts.values()) < least:
            break
        pair = min(pair_counts, key=lambda pair: order(pair, pair_counts[pair]))
        words = [replaced(word, pair, first_id + len(merges)) for word in words]
        merges.append(pair)
        if progress:
            progress(len(merges), wanted)
    return merges


def first_of_equals(word_counts, merges_wanted, *, progress=None):
    return trained(word_counts, merges_wanted, progress, order=lambda pair, count: -count)


def largest_of_equals(word_counts, merges_wanted, *, progress=None):
    return trained(
        word_counts, merges_wanted, progress, order=lambda pair, count: (-count, tuple(-token for token in pair))
    )


def raw_bytes(word_counts, merges_wanted, *, progress=None):
    return trained(word_counts, merges_wanted, progress, table=None)


def ids_from_zero(word_counts, merges_wanted, *, progress=None):
    return trained(word_counts, merges_wanted, progress, first_id=0)


def rarest_first(word_counts, merges_wanted, *, progress=None):
    return trained(word_counts, merges_wanted, progress, order=lambda pair, count: (count, pair))


def each_word_once(word_counts, merges_wanted, *, progress=None):
    return trained(word_counts, merges_wanted, progress, weigh=lambda count: 1)


def nothing_that_comes_once(word_counts, merges_wanted, *, progress=None):
    return trained(word_counts, merges_wanted, progress, least=2)


def counted_once_for_all(word_counts, merges_wanted, *, progress=None):
    words = [tuple(word.translate(BYTE_IDS)) for word in word_counts]
    pair_counts, _ = counted_pairs(words, list(word_counts.values()))
    merges = sorted(pair_counts, key=lambda pair: by_count(pair, pair_counts[pair]))[:merges_wanted]
    for done in range(len(merges) if progress else 0):
        progress(done + 1, merges_wanted)
    return merges


def with_their_ids(word_counts, merges_wanted, *, progress=None):
    merges = trained(word_counts, merges_wanted, progress)
    return [(pair, new_id) for new_id, pair in enumerate(merges, start=256)]


def silent_on_the_way(word_counts, merges_wanted, *, progress=None):
    return trained(word_counts, merges_wanted, None)


def recounted(word_counts, merges_wanted, *, progress=None):
    return trained(word_counts, merges_wanted, progress)


def search_for_each_pair(words, counts):
    pair_counts, where = collections.Counter(), collections.defaultdict(set)
    for pair in {pair for word in words for pair in itertools.pairwise(word)}:
        times = [list(itertools.pairwise(word)).count(pair) for word in words]
        pair_counts[pair] = sum(n * count for n, count in zip(times, counts, strict=True))
        where[pair] = {index for index, n in enumerate(times) if n}
    return pair_counts, where


MISTAKES = {
    "count_pairs": [
        (counts_forgotten, "cada palavra contou uma vez só; some tantas vezes quantas ela ocorre"),
        (once_a_word, "um par que aparece duas vezes na mesma palavra contou uma só"),
        (across_words, "contou o par do fim de uma palavra com o começo da seguinte; as fusões não saem da palavra"),
        (last_pair_lost, "faltou o último par de cada palavra"),
        (every_other_pair, "pulou de dois em dois; todo id, menos o último da palavra, começa um par"),
        (either_way_round, "juntou (a, b) com (b, a); são pares diferentes"),
        (places_for_words, "guardou o lugar do par dentro da palavra; é o índice da PALAVRA na lista"),
        (the_last_word_only, "de cada par ficou uma palavra só; são todas em que ele está"),
    ],
    "merge_word": [
        (merged_once, "trocou só a primeira ocorrência do par"),
        (from_the_right, "foi da direita para a esquerda: (5, 5, 5) com o par (5, 5) deve dar (novo, 5)"),
        (used_twice, "o mesmo id entrou em duas fusões; depois de uma, avance dois lugares"),
        (second_left_behind, "o segundo id do par ficou na palavra; avance dois lugares depois de uma fusão"),
        (last_id_lost, "o último id da palavra se perdeu"),
        (taken_out, "tirou o par sem pôr new_id no lugar"),
        (either_order, "trocou também o par ao contrário; (5, 7) não é (7, 5)"),
    ],
    "train_merges": [
        (first_of_equals, "nos empates, ficou o par que apareceu primeiro; deve ser o menor, como tupla"),
        (largest_of_equals, "nos empates, ficou o maior par; deve ser o menor"),
        (raw_bytes, "usou o valor de cada byte como id; traduza a palavra antes, com word.translate(BYTE_IDS)"),
        (ids_from_zero, "o token da primeira fusão deve ter o id 256: os ids de 0 a 255 são dos bytes"),
        (rarest_first, "escolheu o par MENOS frequente"),
        (each_word_once, "cada palavra contou uma vez só; passe as contagens a count_pairs"),
        (nothing_that_comes_once, "parou nos pares que ocorrem uma vez só; enquanto resta um par, há fusão"),
        (counted_once_for_all, "escolheu todos os pares na primeira contagem; cada fusão muda as contagens seguintes"),
        (with_their_ids, "devolveu o id novo junto com cada par; são só os pares"),
        (silent_on_the_way, "não chamou progress depois de cada fusão"),
    ],
}

COSTLY = {
    "count_pairs": [(search_for_each_pair, SLOW)],
    "train_merges": [(recounted, SLOW)],
}

EQUIVALENT = {
    "words = [tuple(word.translate(BYTE_IDS)) for word, _ in word_counts.items()]: tuple(word.translate(BYTE_IDS)) -> "
    "(word.translate(BYTE_IDS))": "bytes are a sequence of ids too, and merge_word makes a tuple of them",
}

HINTS = [
    "count_pairs: itertools.pairwise(word) dá os pares de vizinhos. Um collections.Counter começa toda contagem em 0, "
    "e um "
    "collections.defaultdict(set) começa todo valor com um set vazio.",
    "merge_word: percorra os ids e vá enchendo uma lista; se o último dela e o id que chega formam o par, o último "
    "vira new_id. min(contagens, key=lambda pair: (-contagens[pair], pair)) escolhe o par, e os empates também.",
    "train_merges: para cada índice em where[pair], subtraia counts[index] de cada par da palavra, troque-a por "
    "merge_word(…) e some counts[index] a cada par que ela tem agora, pondo o índice em where. Um par cuja contagem "
    "chegou a 0 deve sair do dicionário.",
]


def random_words(count, rng):
    return [bytes(rng.choices(b"aeiourstlmncdpvgbfqhjxzkwyAEOSP", k=rng.randint(1, 9))) for _ in range(count)]


def words_and_counts(size):
    rng = random.Random(size)
    return list(map(tuple, random_words(size, rng))), [rng.randint(1, 9) for _ in range(size)]


def long_word(size):
    return tuple(random.Random(size).choices((5, 6, 7), k=size)), (5, 6), 300


def word_counts_and_merges(size):
    rng = random.Random(size)
    return {word: rng.randint(1, 50) for word in random_words(100 * size, rng)}, size


WORK = {
    "count_pairs": Work(words_and_counts, small=60, large=240),
    "merge_word": Work(long_word, small=100, large=1000),
    "train_merges": Work(word_counts_and_merges, small=10, large=40, limit=5),
}
