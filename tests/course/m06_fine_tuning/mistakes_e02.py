"""Respostas erradas de m06.e02, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

import functools
from collections import namedtuple

import numpy as np

from tinyllm.course.measure import Work
from tinyllm.data.objectives import END
from tinyllm.text import files

rng = np.random.default_rng(0)

# ------------------------------------------------------------------------------------------------------------ Template

Rendered = namedtuple("Rendered", "ids aprendidos asked")
SEEN = ["Sistema: Seja breve.", "Usuário: Quanto é dois mais dois?", "Assistente: São quatro, e não cinco. Oi? Olá."]


@functools.cache
def tokenizer(kind):
    """A tokenizer of a kind, which has read a little."""
    return files.train(kind, SEEN * 3, 290 if kind == "bpe" else 257, special_tokens=(END,))


def rendered(piece, kind, messages):
    """A conversation as the template of a tokenizer writes it, and the same without its last message, as asked."""
    template = piece(tokenizer(kind))
    ids, learned = template(messages)
    return Rendered(ids, learned, np.asarray(template.asked(messages[:-1])))


class RightTemplate:
    """The right template, which the wrong ones change."""

    names_of_roles = (("system", "Sistema:"), ("user", "Usuário:"), ("assistant", "Assistente:"))

    def __init__(self, tokenizer):
        self.tokenizer, self.end_id = tokenizer, tokenizer.special_id(END)
        self.names = {role: list(tokenizer.encode(name)) for role, name in self.names_of_roles}

    def said(self, content):
        return list(self.tokenizer.encode(f" {content}"))

    def begins(self):
        return [self.end_id], [False]

    def part(self, role, content):
        """(ids, learned) of a message."""
        name, said = self.names[role], [*self.said(content), self.end_id]
        return name + said, [False] * len(name) + [role == "assistant"] * len(said)

    def joined(self, messages):
        ids, learned = self.begins()
        for role, content in messages:
            more, of_more = self.part(role, content)
            ids, learned = ids + more, learned + of_more
        return ids, learned

    def __call__(self, messages):
        ids, learned = self.joined(messages)
        return np.array(ids, dtype=np.int64), np.array(learned, dtype=bool)

    def asked(self, messages):
        return [*self(messages)[0], *self.names["assistant"]]


class NoEndAtTheBeginning(RightTemplate):
    def begins(self):
        return [], []


class NoEndAfterMessages(RightTemplate):
    def part(self, role, content):
        ids, learned = super().part(role, content)
        return ids[:-1], learned[:-1]


class EndOnBothSides(RightTemplate):
    def part(self, role, content):
        ids, learned = super().part(role, content)
        return [self.end_id, *ids], [False, *learned]


class EndNotLearned(RightTemplate):
    def part(self, role, content):
        ids, learned = super().part(role, content)
        return ids, [*learned[:-1], False]


class EveryEndLearned(RightTemplate):
    def part(self, role, content):
        ids, learned = super().part(role, content)
        return ids, [*learned[:-1], True]


class NameLearned(RightTemplate):
    def part(self, role, content):
        ids, _ = super().part(role, content)
        return ids, [role == "assistant"] * len(ids)


class EverythingLearned(RightTemplate):
    def part(self, role, content):
        ids, _ = super().part(role, content)
        return ids, [True] * len(ids)


class QuestionsLearned(RightTemplate):
    def part(self, role, content):
        ids, _ = super().part(role, content)
        name = len(self.names[role])
        return ids, [False] * name + [role == "user"] * (len(ids) - name)


class AllSaidLearned(RightTemplate):
    def part(self, role, content):
        ids, _ = super().part(role, content)
        name = len(self.names[role])
        return ids, [False] * name + [True] * (len(ids) - name)


class SystemLearned(RightTemplate):
    def part(self, role, content):
        ids, _ = super().part(role, content)
        name = len(self.names[role])
        return ids, [False] * name + [role != "user"] * (len(ids) - name)


class FirstEndLearned(RightTemplate):
    def begins(self):
        return [self.end_id], [True]


class OnlyTheLastAnswer(RightTemplate):
    def joined(self, messages):
        ids, learned = super().joined(messages)
        last = max((i for i, one in enumerate(learned) if not one), default=0)
        return ids, [i > last for i in range(len(ids))]


class NamesForgotten(RightTemplate):
    def part(self, role, content):
        said = [*self.said(content), self.end_id]
        return said, [role == "assistant"] * len(said)


class MovedAlready(RightTemplate):
    def joined(self, messages):
        ids, learned = super().joined(messages)
        return ids, [*learned[1:], False]


class AsOneText(RightTemplate):
    """What somebody writes as <|fim|> becomes the mark."""

    def said(self, content):
        found = []
        for number, part in enumerate(f" {content}".split(END)):
            found += [self.end_id] * (number > 0) + list(self.tokenizer.encode(part))
        return found


class WithoutTheSpace(RightTemplate):
    def said(self, content):
        return list(self.tokenizer.encode(content))


class AskedWithoutTheName(RightTemplate):
    def asked(self, messages):
        return list(self(messages)[0])


class AskedAsAnEmptyAnswer(RightTemplate):
    def asked(self, messages):
        return list(self([*messages, ("assistant", "")])[0])


class AskedInTheNameOfTheUser(RightTemplate):
    def asked(self, messages):
        return [*self(messages)[0], *self.names["user"]]


class AskedOfTheLastMessage(RightTemplate):
    def asked(self, messages):
        return [*self(messages[-1:])[0], *self.names["assistant"]]


class AskedWithoutItsLastEnd(RightTemplate):
    def asked(self, messages):
        return [*self(messages)[0][:-1], *self.names["assistant"]]


# ------------------------------------------------------------------------------------------------------- answers_batch

Batch = namedtuple("Batch", "ids targets weights")  # what a learner reads


def named(piece, rows):
    """The batch that a piece makes of rows, its parts by the names that the statement gives them."""
    found = piece(rows)
    return Batch(*found) if isinstance(found, tuple) and len(found) == len(Batch._fields) else found


def filled(rows, *, left=False, with_=0):
    """(B, T) of lists of numbers."""
    width = max(map(len, rows))
    fill = [[with_] * (width - len(row)) for row in rows]
    return np.array([[*f, *row] if left else [*row, *f] for row, f in zip(rows, fill, strict=True)])


def batched(rows, *, ids=slice(None, -1), targets=slice(1, None), weights=slice(1, None), left=False, weigh=None):
    """The batch, but for what is said."""
    x, y, w = (filled([row[i][cut].tolist() for row in rows], left=left)
               for i, cut in ((0, ids), (0, targets), (1, weights)))  # fmt: skip
    w = w.astype(np.float32)
    return x.astype(np.int64), y.astype(np.int64), w if weigh is None else weigh(w, [len(row[0]) for row in rows])


def targets_not_moved(rows):
    return batched(rows, targets=slice(None, -1))


def weights_not_moved(rows):
    return batched(rows, weights=slice(None, -1))


def weights_of_the_next(rows):
    x, y, w = batched(rows)
    return x, y, np.concatenate([w[:, 1:], np.zeros_like(w[:, :1])], axis=1)


def exchanged(rows):
    x, y, w = batched(rows)
    return y, x, w


def nothing_cut(rows):
    return batched(rows, ids=slice(None), targets=slice(None), weights=slice(None))


def filled_before_it_is_cut(rows):
    x, y, w = (filled([row[i].tolist() for row in rows]) for i in (0, 0, 1))
    return x[:, :-1].astype(np.int64), y[:, 1:].astype(np.int64), w[:, 1:].astype(np.float32)


def all_learned(rows):
    return batched(rows, weigh=lambda w, lengths: np.ones_like(w))


def all_but_padding_learned(rows):
    def real(w, lengths):
        return (np.arange(w.shape[1]) < np.array(lengths)[:, None] - 1).astype(np.float32)

    return batched(rows, weigh=real)


def padding_learned(rows):
    def also(w, lengths):
        return np.maximum(w, np.arange(w.shape[1]) >= np.array(lengths)[:, None] - 1).astype(np.float32)

    return batched(rows, weigh=also)


def questions_learned(rows):
    def other(w, lengths):
        return ((np.arange(w.shape[1]) < np.array(lengths)[:, None] - 1) & (w == 0)).astype(np.float32)

    return batched(rows, weigh=other)


def filled_on_the_left(rows):
    return batched(rows, left=True)


def answers_weigh_the_same(rows):
    return batched(rows, weigh=lambda w, lengths: w / np.maximum(w.sum(axis=1, keepdims=True), 1))


def whole_batch_weighs_1(rows):
    return batched(rows, weigh=lambda w, lengths: w / np.maximum(w.sum(), 1))


def targets_of_minus_100(rows):
    x, y, w = batched(rows)
    return x, np.where(w > 0, y, -100), w


def targets_of_zero(rows):
    x, y, w = batched(rows)
    return x, np.where(w > 0, y, 0), w


def questions_hidden(rows):
    x, y, w = batched(rows)
    return np.where(w > 0, x, 0), y, w


# ---------------------------------------------------------------------------------------------------------- kept_apart


def apart(segments, *, sees=None, places=None):
    """What is right, but for what is said."""
    i = np.arange(len(segments))
    same, before = segments[:, None] == segments, i <= i[:, None]
    mask = (same & before) if sees is None else sees(same, before, segments, i)
    first = np.array([np.flatnonzero(segments == one)[0] for one in segments], dtype=np.int64)
    return mask, (i - first) if places is None else places(i, first, segments)


def only_causal(segments):
    return apart(segments, sees=lambda same, before, segments, i: before)


def only_the_same(segments):
    return apart(segments, sees=lambda same, before, segments, i: same)


def either(segments):
    return apart(segments, sees=lambda same, before, segments, i: same | before)


def not_itself(segments):
    return apart(segments, sees=lambda same, before, segments, i: same & (i < i[:, None]))


def the_future(segments):
    return apart(segments, sees=lambda same, before, segments, i: same & before.T)


def hidden_ones(segments):
    return apart(segments, sees=lambda same, before, segments, i: ~(same & before))


def added_to_the_scores(segments):
    return apart(segments, sees=lambda same, before, segments, i: np.where(same & before, 0.0, -np.inf))


def earlier_ones_too(segments):
    return apart(segments, sees=lambda same, before, segments, i: before & (segments <= segments[:, None]))


def neighbour_too(segments):
    return apart(segments, sees=lambda same, before, segments, i: before & (same | np.roll(same, 1, axis=0)))


def places_of_the_row(segments):
    return apart(segments, places=lambda i, first, segments: i)


def places_from_1(segments):
    return apart(segments, places=lambda i, first, segments: i - first + 1)


def where_it_begins(segments):
    return apart(segments, places=lambda i, first, segments: first)


def as_if_the_numbers_grew(segments):
    return apart(segments, places=lambda i, first, segments: i - np.searchsorted(segments, segments))


def as_if_they_came_in_order(segments):
    return apart(segments, places=lambda i, first, segments: i - (segments < segments[:, None]).sum(axis=1))


def counted_from_the_end(segments):
    return apart(segments, places=lambda i, first, segments: np.array(
        [np.flatnonzero(segments == one)[-1] for one in segments], dtype=np.int64) - i)  # fmt: skip


def numbers_of_conversations(segments):
    return apart(segments, places=lambda i, first, segments: np.cumsum(i == first) - 1)


def less_the_number(segments):
    return apart(segments, places=lambda i, first, segments: i - segments)


MISTAKES = {
    "Template": [
        (NoEndAtTheBeginning, "falta o END do começo: um nome só vale depois de um END, e o primeiro também"),
        (NoEndAfterMessages, "falta o END depois de cada mensagem: sem ele o modelo não aprende a parar"),
        (EndOnBothSides, "há dois END entre as mensagens; o que fecha uma já abre a outra"),
        (EndNotLearned, "o END que fecha uma resposta também se aprende, ou o modelo não sabe parar"),
        (EveryEndLearned, "aprendeu o END de quem pergunta; só se aprende o que fecha uma resposta"),
        (NameLearned, "aprendeu o nome do assistente; quem pergunta já o escreve, e ao modelo cabe só a resposta"),
        (EverythingLearned, "aprendeu a conversa inteira; só se aprende o que diz o assistente"),
        (QuestionsLearned, "aprendeu as perguntas, e não as respostas"),
        (AllSaidLearned, "aprendeu também o que dizem os outros; só se aprende o que diz o assistente"),
        (SystemLearned, "aprendeu também o que diz o sistema; só se aprende o que diz o assistente"),
        (FirstEndLearned, "aprendeu o END do começo, que não fecha resposta nenhuma"),
        (OnlyTheLastAnswer, "só a última resposta se aprende; são todas as do assistente"),
        (NamesForgotten, "faltam os nomes: sem eles não se sabe quem fala"),
        (MovedAlready, "deslocou a máscara de uma posição; aqui ela é dos próprios ids, e quem desloca é o lote"),
        (AsOneText, "um <|fim|> que alguém escreveu virou a marca: assim qualquer um fala em nome do assistente"),
        (WithoutTheSpace, "o que se diz vem com o espaço de antes: use self.said"),
        (AskedWithoutTheName, "em asked falta o nome do assistente, no fim: é a vez dele"),
        (AskedAsAnEmptyAnswer, "em asked não há END depois do nome do assistente: a resposta ainda vai começar"),
        (AskedInTheNameOfTheUser, "asked acaba com o nome errado: quem fala a seguir é o assistente"),
        (AskedOfTheLastMessage, "asked ficou só com a última mensagem; é a conversa inteira até ali"),
        (AskedWithoutItsLastEnd, "em asked a última pergunta ficou sem o END dela"),
    ],
    "answers_batch": [
        (targets_not_moved, "os alvos são os próprios ids; o alvo de uma posição é o id SEGUINTE"),
        (weights_not_moved, "o peso é o do id que se lê; é o do ALVO, uma posição adiante"),
        (weights_of_the_next, "deslocou os pesos duas vezes: o da posição t é o do id t + 1"),
        (exchanged, "trocou os ids e os alvos"),
        (nothing_cut, "os ids são os n - 1 primeiros e os alvos os n - 1 últimos; as linhas saíram com n"),
        (filled_before_it_is_cut, "completou antes de cortar: o último id de uma linha curta ficou no que se lê"),
        (all_learned, "todos os pesos são 1; só se aprendem os alvos que a máscara marca"),
        (all_but_padding_learned, "as perguntas também ficaram com peso 1; a máscara diz o que se aprende"),
        (padding_learned, "o enchimento ficou com peso 1; o dele é 0"),
        (questions_learned, "os pesos estão ao contrário: 1 onde se aprende"),
        (filled_on_the_left, "completou à esquerda; é à direita, onde um decoder não olha"),
        (answers_weigh_the_same, "fez cada resposta pesar 1 ao todo; é cada token que pesa 1"),
        (whole_batch_weighs_1, "dividiu os pesos pela soma; quem divide é a perda"),
        (targets_of_minus_100, "pôs -100 onde não se aprende, como no PyTorch; aqui o alvo fica, e o peso dele é 0"),
        (targets_of_zero, "apagou os alvos que não se aprendem; eles ficam, e o peso é que é 0"),
        (questions_hidden, "apagou as perguntas do que o modelo lê; ele as lê, e só não as aprende"),
    ],
    "kept_apart": [
        (only_causal, "a máscara é só a causal: uma conversa vê as anteriores, que vieram parar na mesma linha"),
        (only_the_same, "uma posição vê as que vêm depois dela, na mesma conversa; falta a máscara causal"),
        (either, "juntou as duas condições com OU; são as duas, com E"),
        (not_itself, "uma posição não vê a si mesma; j pode ser igual a i"),
        (the_future, "cada posição vê as seguintes; a linha i diz o que i vê, e j não vem depois de i"),
        (hidden_ones, "True é o que se vê; a máscara está ao contrário"),
        (added_to_the_scores, "fez a máscara que se soma, de 0 e -inf; aqui ela é de bool, True onde se vê"),
        (earlier_ones_too, "vê também conversas de número menor; é só a dela mesma"),
        (neighbour_too, "o começo de uma conversa vê a vizinha de antes"),
        (places_of_the_row, "os lugares seguem pela linha; recomeçam do 0 em cada conversa"),
        (places_from_1, "os lugares começam em 1; o primeiro é o 0"),
        (where_it_begins, "devolveu onde cada conversa começa; o lugar é a distância até lá"),
        (as_if_the_numbers_grew, "procurou como se os números crescessem pela linha; eles vêm em qualquer ordem"),
        (as_if_they_came_in_order, "somou os tamanhos na ordem dos números; as conversas vêm em qualquer ordem"),
        (counted_from_the_end, "os lugares se contam do fim; é do começo da conversa"),
        (numbers_of_conversations, "devolveu que conversa é, e não o lugar dentro dela"),
        (less_the_number, "subtraiu o número da conversa; é onde ela começa o que se subtrai"),
    ],
}  # fmt: skip

EQUIVALENT = {}

HINTS = [
    "Template: comece com ids = [self.end_id] e learned = [False], e acrescente às duas listas os mesmos tantos itens. "
    "answers_batch: faça três listas de linhas, já cortadas, e chame padded em cada uma. kept_apart: segments[:, None] "
    "== segments compara todas as posições com todas.",
    "Template: de cada mensagem vêm os ids self.names[role] + self.said(content) + [self.end_id]; o nome nunca se "
    "aprende, e o resto se aprende se role é o assistente. asked: os ids de self(messages), mais um nome. "
    "answers_batch: ids[:-1], ids[1:], e a máscara cortada como os ALVOS. kept_apart: np.unique(segments, "
    "return_index=True, return_inverse=True) diz onde cada número aparece pela primeira vez, e qual é o de cada "
    "posição.",
    'Template: learned += [False] * len(name) + [role == "assistant"] * len(said), em que said já tem o END. '
    "answers_batch: padded([learned[1:] for _, learned in rows], 0)[0].astype(np.float32). kept_apart: a máscara é (a "
    "comparação dos números) & (i <= i[:, None]), e os lugares são i - first[which], com i = np.arange(T).",
]


def long_conversation(size):
    said = ["Quanto é dois mais dois?", "São quatro, e não cinco."]
    return "byte", [(("user", "assistant")[i % 2], said[i % 2]) for i in range(size)]


def some_rows(size):
    lengths = rng.integers(5, 60, size=size)
    return ([(rng.integers(300, size=n), rng.random(n) < 0.4) for n in lengths],)


def some_segments(size):
    return (np.repeat(np.arange(size // 10), 10),)


WORK = {
    "Template": Work(long_conversation, small=20, large=200, through=rendered),
    "answers_batch": Work(some_rows, small=50, large=500, limit=None),
    "kept_apart": Work(some_segments, small=100, large=1000, degree=2),
}
