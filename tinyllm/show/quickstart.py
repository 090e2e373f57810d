"""`tinyllm quickstart`: data, tokenizer, model, training and text, one after the other, with what each stage shows."""

import dataclasses
import itertools
import shlex
import time

import numpy as np

from tinyllm import storage
from tinyllm.data.corpora import cartilha, concordancia
from tinyllm.errors import UsageError
from tinyllm.evaluate.agreement import agreement_score
from tinyllm.evaluate.metrics import InterpolatedBigram, copied_ngrams, known_words, mean_loss, perplexity, words
from tinyllm.evaluate.stories import check
from tinyllm.infer.generate import generate
from tinyllm.infer.sample import SampleConfig, Sampler
from tinyllm.models.catalog import name_of
from tinyllm.models.copier import CopierConfig
from tinyllm.optim.adamw import AdamWConfig
from tinyllm.say import decimal, emit, percent, tell, thousands
from tinyllm.show.training import announce, compile_kernels, train_showing
from tinyllm.train import run as runs
from tinyllm.train import tasks
from tinyllm.train.loop import TrainConfig

STEPS, TEXTS, CORPUS = 900, 7000, "leituras"
SAMPLES = 20  # texts written for the last figures; the first two are shown
PAIRS = 190  # of sentences that agree and do not: ten of each phenomenon
BEGINNING = 100  # tokens of a text, of which the beginning is shown on the way
SAMPLING = SampleConfig(temperature=0.8, top_p=0.95)


def quickstart(folder, *, steps=STEPS, texts=TEXTS, seed=0, as_json=False):
    """Go through all stages in `folder`, or go on where an earlier call stopped. Returns the exit status."""
    began = time.perf_counter()
    if (storage.claim_folder(folder) / "config.json").exists():
        tell(f"Continuando o treino que está em {folder}.")
        run = runs.open_run(folder)
        check_kind(run)
        run.check_learns()
        announce(run.model_config, run.training, run.optimizer_config)
    else:
        run = prepare(folder, steps=steps, texts=texts, seed=seed)
    tell("3. Modelo: um GPT lê os tokens que vieram antes e prevê o próximo, que também pode copiar de lá.")
    compile_kernels(run)
    if runs.steps_done(run) < run.training.steps:
        if runs.steps_done(run) == 0:
            show_sample(run, run.new_model(), "antes do treino")
        tell("4. Treino: cada passo compara a previsão com o texto e ajusta os pesos.")

        def show_half(report, model):
            if report.step == run.training.steps // 2:
                show_sample(run, model, f"no passo {report.step}")

        status = train_showing(run, on_report=show_half)
        if status:
            return status
    tell("\n5. Medidas: textos que o modelo nunca viu, de enredos que não estão no treino…")
    figures = measure(run, run.trained_model(warn=tell), split="test")
    figures["seconds"] = round(time.perf_counter() - began, 1)
    show(run, figures)
    if as_json:
        emit(figures)
    return 0


def check_kind(run):
    """Raise UsageError for a run that the quickstart does not begin: its words and measures are of its own model."""
    of_run = (run.task.name, name_of(run.model_config), run.data.corpus)
    begun = (tasks.Language.name, name_of(CopierConfig()), CORPUS)
    if run.finetuning or of_run != begun:
        raise UsageError(
            f"{run.folder} holds another run, {' '.join(map(str, of_run))}, and the quickstart's is {' '.join(begun)}; "
            f"choose another --out, or go on with: tinyllm train --resume {run.folder}"
        )


def prepare(folder, *, steps, texts, seed):
    """Make the run, telling what each stage does."""
    stages = {
        "textos": "1. Textos: contos e páginas de cartilha, gerados por uma gramática que acompanha o projeto…",
        "tokenizador": "2. Tokenizador: o BPE junta, um a um, os pares de símbolos mais frequentes…",
        "tokens": "   Transformando os textos em tokens…",
    }
    model, training = CopierConfig(), TrainConfig(steps=steps, seed=seed)
    announce(model, training, AdamWConfig())
    tell()
    run = runs.create(
        folder, tasks.DataConfig(corpus=CORPUS, texts=texts), model, training, say=lambda stage: tell(stages[stage])
    )
    pieces = [run.tokenizer.decode([i]) for i in run.tokenizer.encode("A menina correu depressa para casa.")]
    tell(f"   {thousands(len(run.tokens('train')))} tokens para treinar. Uma frase em tokens: {'│'.join(pieces)}")
    return run


def write(run, model, number):
    """The text that the model writes from nothing, with seed `number`."""
    choose = Sampler(dataclasses.replace(SAMPLING, seed=number))
    ids = generate(model, [run.end_id], choose=choose, max_tokens=300, stop_id=run.end_id)
    return "".join(run.tokenizer.stream(ids))


def stories_of(run, model, count):
    """The first texts that the model writes from nothing and that are stories; no more than twice as many are tried."""
    texts = (write(run, model, number) for number in range(2 * count))
    return list(itertools.islice(itertools.filterfalse(cartilha.is_page, texts), count))


def show_sample(run, model, when):
    """Show how a text of the model begins: one that does not end, as an untrained model's might at once."""
    choose = Sampler(SAMPLING)

    def choose_token(logits):
        logits = logits.copy()
        logits[run.end_id] = -np.inf
        return choose(logits)

    ids = generate(model, [run.end_id], choose=choose_token, max_tokens=BEGINNING)
    text = "".join(run.tokenizer.stream(ids))
    tell(f"\n   O que o modelo escreve {when}:\n   “{' '.join(text.split())[:300]}…”\n")


def measure(run, model, *, split):
    """Perplexity on a split against a bigram model, and how far the model's texts are language, and its own."""
    train, validation, held_out = (run.tokens(name) for name in ("train", "validation", split))
    bigram = InterpolatedBigram(train, validation, run.tokenizer.vocab_size)
    stories = run.tokenizer.decode(train).split(runs.END)
    vocabulary = {word for story in stories for word in words(story)}
    samples = stories_of(run, model, SAMPLES)
    pairs = list(itertools.islice(pairs_within(run, vocabulary), PAIRS))
    known = {story.strip() for story in stories}
    return {
        "perplexity": perplexity(mean_loss(model, held_out)),
        "bigram_perplexity": perplexity(bigram.mean_loss(held_out)),
        "known_words": known_words("\n".join(samples), vocabulary),
        "copied_12grams": copied_ngrams(samples, stories, n=12),
        "agreement": agreement_score(model, run.tokenizer, pairs, start_id=run.end_id) if pairs else None,
        "pairs": len(pairs),
        "repeated_stories": sum(sample.strip() in known for sample in samples),
        **check(samples).figures(),
        "samples": samples,
    }


def pairs_within(run, vocabulary):
    """The pairs of sentences whose words are all words of the training texts, as far as they fit."""
    for pair in concordancia.pairs(20 * PAIRS):
        fits = all(len(run.tokenizer.encode(sentence)) < run.model_config.context for sentence in pair[1:])
        if fits and vocabulary.issuperset(words(" ".join(pair[1:]))):
            yield pair


def agreement_of(figures):
    """What the pairs say of a model, in words."""
    if not figures["pairs"]:
        return "nos textos de treino faltam as palavras dos pares que a medem"
    return (
        f"em {percent(figures['agreement'])} de {figures['pairs']} pares, a frase certa (“as meninas correram”) é mais "
        "provável do que a errada (“as meninas correu”); o acaso daria 50 %"
    )


def show(run, figures):
    """Print the samples, the figures and what to do next."""
    folder = shlex.quote(str(run.folder))
    for number, sample in enumerate(figures["samples"][:2], start=1):
        tell(f"\n   — conto {number} —\n   " + sample.strip().replace("\n", "\n   "))
    ratio = figures["bigram_perplexity"] / figures["perplexity"]
    beaten = f"{decimal(ratio, 1)} vezes maior" if ratio > 1 else "que o modelo ainda não venceu: treine mais"
    tell(f"""
   Perplexidade em textos novos: {decimal(figures["perplexity"])}; a de um bigrama interpolado: \
{decimal(figures["bigram_perplexity"])} ({beaten}).
   Palavras escritas que existem no corpus: {percent(figures["known_words"])}.
   Concordância: {agreement_of(figures)}.
   Nos {len(figures["samples"])} contos, concordam {percent(figures["verbs"])} dos verbos, \
{percent(figures["adjectives"])} dos artigos e adjetivos e {percent(figures["pronouns"])} dos pronomes; \
{percent(figures["cast"])} dos nomes são de quem foi apresentado, e do gênero certo.
   Cada um tem, em média, {decimal(figures["names_a_story"], 1)} nomes; depois dos dois primeiros que se leem, \
{percent(figures["repeated_names"])} são de quem o conto já tinha nomeado.
   Trechos de 12 palavras copiados do treino: {percent(figures["copied_12grams"])}; \
contos repetidos por inteiro: {figures["repeated_stories"]} de {len(figures["samples"])}.
   Tempo: {decimal(figures["seconds"] / 60, 1)} minutos. Tudo está em {run.folder}.

O que fazer agora:
   tinyllm generate {folder} --prompt "Era uma vez"     outro conto, com o seu começo
   tinyllm train --resume {folder} --steps {2 * run.training.steps}     treinar mais
   tinyllm train --help     outro tamanho, outro texto""")
