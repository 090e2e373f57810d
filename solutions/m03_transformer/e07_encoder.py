"""m03.e07 · O encoder

40 minutos · dificuldade 3 de 5 · precisa de: m03.e01, m03.e03, m03.e04, m03.e05
pode usar: numpy, tinyllm.errors, tinyllm.nn
na biblioteca: tinyllm.models.bert.Block, tinyllm.models.bert.Encoder

Por que importa: aqui as peças viram um modelo. Um encoder lê um texto inteiro, dos dois lados de
cada palavra, e devolve um vetor por posição, que já não é o da palavra no dicionário e sim o dela
nesta frase. É o BERT, a primeira metade do T5, e o que costuma estar por baixo de um classificador
ou de uma busca por significado.

O que fazer: complete as duas classes, com os dois métodos de cada uma. Quando estiverem certas, um
BERT treina com o seu encoder: `tinyllm train --model bert --mine --steps 20 --out runs/meu-bert`.
"""

from tinyllm.errors import UsageError
from tinyllm.nn import attention, layers
from tinyllm.nn.module import Module

POSITIONS = {
    "learned": layers.LearnedPositions,
    "sinusoidal": layers.SinusoidalPositions,
    "none": layers.NoPositions,
}


class Block(Module):
    """(B, T, C) -> (B, T, C): atenção a todas as posições de verdade, depois a feed-forward;
    normaliza após cada soma.

    Escreva os dois métodos. `__init__(self, config, *, rng)` cria, nesta ordem:

        self.attention      attention.SelfAttention(config.width, config.heads, rng=rng, out_std=…)
        self.feed_forward   layers.FeedForward(config.width, 4 * config.width, rng=rng, out_std=…)

    e mais duas `layers.LayerNorm(config.width)`, `self.norm1` e `self.norm2`, e `self.dropout`, um
    `layers.Dropout(config.dropout)`. O out_std da atenção é 0,1 / √(2 · config.layers ·
    config.width), e o da feed-forward, a metade: no começo do treino um bloco mal perturba o que
    lê.

    `__call__(self, x, lengths=None)` recebe e devolve um Tensor, com a norma depois de cada soma
    (post-norm):

        x = norm1(x + dropout(attention(x, lengths)))
        x = norm2(x + dropout(feed_forward(x)))

    Por exemplo, se a atenção e a feed-forward dessem sempre 0, de [1, 3] sairia norm2(norm1([1,
    3])) = [-1, 1].
    """

    def __init__(self, config, *, rng):
        # --- sua vez
        out_std = 0.1 * (2 * config.layers * config.width) ** -0.5
        self.attention = attention.SelfAttention(
            config.width, config.heads, rng=rng, out_std=out_std
        )
        self.norm1 = layers.LayerNorm(config.width)
        self.feed_forward = layers.FeedForward(
            config.width, 4 * config.width, rng=rng, out_std=out_std / 2
        )
        self.norm2 = layers.LayerNorm(config.width)
        self.dropout = layers.Dropout(config.dropout)

    def __call__(self, x, lengths=None):
        x = self.norm1(x + self.dropout(self.attention(x, lengths)))
        return self.norm2(x + self.dropout(self.feed_forward(x)))
        # --- fim


class Encoder(Module):
    """(B, T) ids -> (B, T, C): o que cada token quer dizer onde está.

    Escreva os dois métodos. `__init__(self, config, *, rng)` guarda `self.config` e cria, nesta
    ordem:

        self.tokens      layers.Embedding(config.vocab_size, config.width, rng=rng, std=0.1)
        self.positions   POSITIONS[config.positions](config.context, config.width, rng=rng)
        self.blocks      uma lista de config.layers blocos, da sua `Block`, cada um com seus pesos

    e mais uma LayerNorm, `self.norm`, e um Dropout, `self.dropout`, como os do bloco.

    `hidden(self, ids, lengths=None)` recebe um array de inteiros e devolve um Tensor: procura os
    tokens, passa-os pelas posições (`self.positions(x)` já as soma a x), normaliza, aplica o
    dropout e atravessa os blocos, dando lengths a cada um. Um texto de mais de config.context
    tokens é um UsageError, com uma mensagem que diga os dois números.

    Por exemplo, com width = 2, o token [3, 1] numa posição [1, 1] soma [4, 2] e entra no primeiro
    bloco como [1, -1].
    """

    def __init__(self, config, *, rng):
        # --- sua vez
        self.config = config
        self.tokens = layers.Embedding(config.vocab_size, config.width, rng=rng, std=0.1)
        self.positions = POSITIONS[config.positions](config.context, config.width, rng=rng)
        self.norm = layers.LayerNorm(config.width)
        self.dropout = layers.Dropout(config.dropout)
        self.blocks = [Block(config, rng=rng) for _ in range(config.layers)]

    def hidden(self, ids, lengths=None):
        if ids.shape[1] > self.config.context:
            raise UsageError(
                f"{ids.shape[1]} tokens não cabem no contexto de {self.config.context}"
            )
        x = self.dropout(self.norm(self.positions(self.tokens(ids))))  # (B, T, C)
        for block in self.blocks:
            x = block(x, lengths)
        return x
        # --- fim
