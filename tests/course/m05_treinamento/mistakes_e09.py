"""Respostas erradas de m05.e09, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

import math

import numpy as np

from tinyllm.course.measure import Work

rng = np.random.default_rng(0)

# -------------------------------------------------------------------------------------------------------------- rarity


def rare(texts, vocab_size, *, log=np.log, take=np.sum, surprise=None, sign=-1, every=lambda text: text, total=None):
    """The right difficulty, but for what is said."""
    counts = np.bincount(np.concatenate(texts), minlength=vocab_size)
    whole = counts.sum() if total is None else total(texts, vocab_size)
    found = sign * log(np.maximum(counts, 1) / whole) if surprise is None else surprise(counts, texts, vocab_size)
    return np.array([take(found[every(text)]) if len(text) else 0.0 for text in texts])


def of_the_mean(texts, vocab_size):
    return rare(texts, vocab_size, take=np.mean)


def in_bits(texts, vocab_size):
    return rare(texts, vocab_size, log=np.log2)


def sign_forgotten(texts, vocab_size):
    return rare(texts, vocab_size, sign=1)


def each_token_once(texts, vocab_size):
    return rare(texts, vocab_size, every=np.unique)


def length_alone(texts, vocab_size):
    return rare(texts, vocab_size, surprise=lambda counts, *_: np.ones(len(counts)))


def probabilities_summed(texts, vocab_size):
    return rare(texts, vocab_size, surprise=lambda counts, *_: counts / counts.sum())


def counts_not_divided(texts, vocab_size):
    return rare(texts, vocab_size, total=lambda texts, vocab_size: 1)


def divided_by_the_vocabulary(texts, vocab_size):
    return rare(texts, vocab_size, total=lambda texts, vocab_size: vocab_size)


def divided_by_the_texts(texts, vocab_size):
    return rare(texts, vocab_size, total=lambda texts, vocab_size: len(texts))


def of_its_own_text(texts, vocab_size):
    return np.array([rare([text], vocab_size)[0] if len(text) else 0.0 for text in texts])


def smoothed(texts, vocab_size):
    return rare(texts, vocab_size, surprise=lambda counts, *_: -np.log((counts + 1) / (counts + 1).sum()))


def the_rarest_token(texts, vocab_size):
    return rare(texts, vocab_size, take=np.max)


def repeated_counted_once(texts, vocab_size):
    def surprise(counts, texts, vocab_size):
        counts = np.sum([np.bincount(text, minlength=vocab_size) > 0 for text in texts], axis=0)
        return -np.log(np.maximum(counts, 1) / counts.sum())

    return rare(texts, vocab_size, surprise=surprise)


def log_of_the_product(texts, vocab_size):
    shares = np.bincount(np.concatenate(texts), minlength=vocab_size) / sum(map(len, texts))
    with np.errstate(divide="ignore"):
        return np.array([-np.log(np.prod(shares[text])) for text in texts])


def nothing_times_infinity(texts, vocab_size):
    counts = np.array([np.bincount(text, minlength=vocab_size) for text in texts])
    with np.errstate(all="ignore"):
        return counts @ -np.log(counts.sum(axis=0) / counts.sum())


# ---------------------------------------------------------------------------------------------------------- competence


def right_competence(progress, *, start):
    return min(1.0, math.sqrt(progress * (1 - start**2) + start**2))


def in_a_line(progress, *, start):
    return min(1.0, progress * (1 - start) + start)


def root_of_the_line(progress, *, start):
    return min(1.0, math.sqrt(progress * (1 - start) + start))


def line_of_the_root(progress, *, start):
    return min(1.0, start + (1 - start) * math.sqrt(progress))


def square_alone(progress, *, start):
    return min(1.0, progress * (1 - start**2) + start**2)


def without_end(progress, *, start):
    return math.sqrt(progress * (1 - start**2) + start**2)


def from_nothing(progress, *, start):
    return min(1.0, math.sqrt(progress))


def steeper(progress, *, start):
    return min(1.0, math.sqrt(progress + start**2))


def never_less_than_the_start(progress, *, start):
    return min(1.0, max(start, math.sqrt(progress)))


def of_the_cube(progress, *, start):
    return min(1.0, (progress * (1 - start**3) + start**3) ** (1 / 3))


def start_not_squared(progress, *, start):
    return min(1.0, math.sqrt(progress * (1 - start**2) + start))


def of_the_squared_progress(progress, *, start):
    return min(1.0, progress**2 * (1 - start) + start)


# ---------------------------------------------------------------------------------------------------------------- draw


def drawn(scores, step, *, steps, start, batch, seed, order=None, count=math.ceil, key=None, at=right_competence,
          progress=None, places=None):  # fmt: skip
    """The right draw, but for what is said."""
    order = np.argsort(scores, kind="stable") if order is None else order
    share = at(step / steps if progress is None else progress, start=start)
    n = count(share * len(scores))
    chosen = np.random.default_rng([seed, step] if key is None else key)
    return order[chosen.integers(n, size=batch) if places is None else places(chosen, n)]


def the_hardest_first(scores, step, **how):
    return drawn(scores, step, **how, order=np.argsort(-scores, kind="stable"))


def of_all_texts(scores, step, **how):
    return drawn(scores, step, **how, at=lambda progress, start: 1.0)


def rounded_down(scores, step, **how):
    return drawn(scores, step, **how, count=lambda share: max(1, math.floor(share)))


def one_too_many(scores, step, **how):
    return drawn(scores, step, **how, count=lambda share: min(len(scores), math.floor(share) + 1))


def places_in_the_list(scores, step, **how):
    return drawn(scores, step, **how, order=np.arange(len(scores)))


def scores_of_the_texts(scores, step, **how):
    return scores[drawn(scores, step, **how)]


def the_same_in_every_step(scores, step, *, seed, **how):
    return drawn(scores, step, seed=seed, **how, key=seed)


def seed_forgotten(scores, step, *, seed, **how):
    return drawn(scores, step, seed=seed, **how, key=step)


def the_other_way_round(scores, step, *, seed, **how):
    return drawn(scores, step, seed=seed, **how, key=[step, seed])


def the_last_of_equals_first(scores, step, **how):
    turned = len(scores) - 1 - np.argsort(scores[::-1], kind="stable")
    return drawn(scores, step, **how, order=turned)


def step_for_progress(scores, step, *, steps, **how):
    return drawn(scores, step, steps=steps, **how, progress=step)


def seed_plus_step(scores, step, *, seed, **how):
    return drawn(scores, step, seed=seed, **how, key=seed + step)


def without_repeats(scores, step, *, batch, **how):
    return drawn(scores, step, batch=batch, **how, places=lambda chosen, n: chosen.permutation(n)[:batch])


def start_alone(scores, step, **how):
    return drawn(scores, step, **how, progress=0)


def the_easiest_alone(scores, step, *, batch, **how):
    return drawn(scores, step, batch=batch, **how, places=lambda chosen, n: np.arange(batch) % n)


def shares_of_the_scores(scores, step, *, steps, start, batch, seed):
    """Those whose score is under a share of the largest, and not a share of the texts."""
    share = right_competence(step / steps, start=start)
    n = max(1, int((scores <= share * scores.max()).sum()))
    return np.argsort(scores, kind="stable")[np.random.default_rng([seed, step]).integers(n, size=batch)]


MISTAKES = {
    "rarity": [
        (of_the_mean, "tirou a média; é a soma, para que os textos longos sejam mais difíceis"),
        (in_bits, "usou o logaritmo de base 2; é o natural, np.log"),
        (sign_forgotten, "faltou o sinal: é MENOS o logaritmo, e um token raro soma muito"),
        (each_token_once, "contou cada token uma vez por texto; cada vez que ele aparece soma outra vez"),
        (length_alone, "isto é só o comprimento; cada token soma a sua surpresa"),
        (probabilities_summed, "somou as probabilidades; é a soma de -log de cada uma"),
        (counts_not_divided, "tirou o logaritmo das contagens; antes divida pelo total de tokens"),
        (divided_by_the_vocabulary, "dividiu pelo vocabulário; é pelo número de tokens de todos os textos"),
        (divided_by_the_texts, "dividiu pelo número de textos; é pelo número de TOKENS de todos eles"),
        (of_its_own_text, "contou os tokens de cada texto à parte; p é a frequência em todos os textos juntos"),
        (smoothed, "somou 1 às contagens; aqui não há suavização"),
        (the_rarest_token, "ficou só com o token mais raro de cada texto; são todos, somados"),
        (repeated_counted_once, "um token que se repete no texto foi contado uma vez só: counts[text] += 1 soma 1, e "
                                "não tantos quantos ele aparece; np.bincount conta todos"),
        (log_of_the_product, "o produto de muitas probabilidades passa do menor float e vira 0; some os logaritmos"),
        (nothing_times_infinity, "0 · -log 0 é NaN: quem nunca aparece não pode entrar na conta"),
    ],
    "competence": [
        (in_a_line, "é a competência que cresce em linha reta; quem cresce assim é o QUADRADO dela"),
        (root_of_the_line, "o quadrado vai de start² a 1; o seu vai de start a 1"),
        (line_of_the_root, "pôs a raiz só no progresso; ela é de tudo, do que vai de start² a 1"),
        (square_alone, "isto é o quadrado da competência; falta a raiz"),
        (without_end, "passou de 1 depois do fim do curriculum; daí em diante são todos os textos"),
        (from_nothing, "no começo ela deve ser start, e não 0"),
        (steeper, "chega a 1 antes do fim: a linha reta sobe de start² a 1, isto é, 1 - start² ao todo"),
        (never_less_than_the_start, "ficou parada em start no começo; o quadrado cresce desde o primeiro passo"),
        (of_the_cube, "usou o cubo; é o quadrado que cresce em linha reta"),
        (start_not_squared, "a reta começa em start², e não em start"),
        (of_the_squared_progress, "elevou o progresso ao quadrado; o que cresce em linha reta com o progresso é o "
                                  "quadrado da COMPETÊNCIA, e ela é a raiz"),
    ],
    "draw": [
        (the_hardest_first, "começou pelos mais difíceis"),
        (of_all_texts, "sorteou de todos os textos; só estão em jogo os mais fáceis (o progresso é step / steps)"),
        (rounded_down, "sorteou entre um texto a menos: são ⌈c · K⌉, para cima, e integers(n) já vai de 0 a n - 1"),
        (one_too_many, "com c · K inteiro entrou um texto a mais; ⌈c · K⌉ só arredonda o que sobra"),
        (places_in_the_list, "devolveu lugares na lista dos mais fáceis; são os números dos textos em `scores`"),
        (scores_of_the_texts, "devolveu as dificuldades; são os números dos textos"),
        (the_same_in_every_step, "o sorteio só depende da semente: todos os passos leriam os mesmos textos"),
        (seed_forgotten, "o sorteio não depende da semente: default_rng([seed, step])"),
        (the_other_way_round, "a semente e o passo estão trocados: default_rng([seed, step])"),
        (the_last_of_equals_first, "entre textos igualmente difíceis, vem primeiro o de menor número: "
                                   "np.argsort(scores, kind=\"stable\")"),
        (step_for_progress, "sorteou de todos os textos; só estão em jogo os mais fáceis (o progresso é step / steps)"),
        (seed_plus_step, "somou a semente e o passo, e o passo 4 da semente 3 leria o mesmo que o 3 da 4: "
                         "default_rng([seed, step])"),
        (without_repeats, "sorteou sem repetir; em integers(n, size=batch) um lugar pode sair mais de uma vez"),
        (start_alone, "ficou sempre com o que está em jogo no começo; a competência cresce com o passo"),
        (the_easiest_alone, "pegou os mais fáceis em ordem, sem sortear"),
        (shares_of_the_scores, "comparou a dificuldade com uma parte da maior; a competência é uma parte dos TEXTOS"),
    ],
}  # fmt: skip

SURPRISE = "surprise = -np.log(np.maximum(counts, 1) / counts.sum())"
COMPETENCE = "math.sqrt(progress * (1 - start**2) + start**2)"
EQUIVALENT = {  # mutants of the solution that compute the same
    f"{SURPRISE}: 1 -> 0": "the log of 0 is of a token that no text has",
    f"{SURPRISE}: np.maximum(counts, 1) -> np.maximum(1, counts)": "the larger of two, in any order",
    f"return min(1.0, {COMPETENCE}): min(1.0, {COMPETENCE}) -> min({COMPETENCE}, 1.0)": "the smaller, in any order",
}

HINTS = [
    "rarity: np.bincount(np.concatenate(texts), minlength=vocab_size) conta os tokens de todos os textos. competence: "
    "escreva a linha reta que vale start**2 em 0 e 1 em 1; depois a raiz, e o mínimo com 1. draw: np.argsort(scores, "
    'kind="stable") dá os números dos textos, do mais fácil ao mais difícil.',
    "rarity: surprise = -np.log(counts / counts.sum()), com uma só conta para todos os textos, e depois "
    "surprise[text].sum() de cada um; um token que não aparece teria log 0: troque a contagem dele por 1, que ninguém "
    "a lê. competence: a linha reta é progress · (1 - start²) + start². draw: math.ceil arredonda para cima.",
    'draw: order = np.argsort(scores, kind="stable"); n = math.ceil(competence(step / steps, start=start) * '
    "len(scores)); o resultado é order[lugares], com os lugares do sorteio.",
]


def sentences(size):
    return [rng.integers(500, size=n) for n in rng.integers(5, 40, size=size)], 500


def scored(size):
    return rng.normal(size=size), 70


def of_a_step(piece, scores, step):
    return piece(scores, step, steps=100, start=0.13, batch=200, seed=3)


def paced(piece, count):
    return [piece(number / count, start=0.1) for number in range(count)]


WORK = {
    "rarity": Work(sentences, small=300, large=3000),
    "competence": Work(lambda size: (size,), small=100, large=1000, through=paced),
    "draw": Work(scored, small=1000, large=20_000, through=of_a_step),
}
