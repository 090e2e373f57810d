"""m05.e04 · Salvar e retomar, até o último bit

50 minutos · dificuldade 4 de 5 · precisa de: m05.e02
pode usar: numpy, json, os, pathlib, re, zipfile
na biblioteca: nenhuma peça, porque ela guarda os pesos em safetensors, que outros programas leem,
    e não guarda o estado do acaso: nela todo sorteio é função da semente e do passo

Por que importa: um treino de uma noite encontra uma queda de luz, uma sessão do Colab que acaba, um
disco cheio. Quem salva mal descobre isso no dia seguinte: o arquivo ficou pela metade, ou está
inteiro e o treino que continua dele não é o mesmo.

O que fazer: complete as três funções. O formato é um arquivo .npz: vários arrays com nome, num zip.
Nada de pickle, que ao ser lido executa o que vier dentro.
"""

import json
import os
import re
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

DAMAGED = (zipfile.BadZipFile, EOFError, KeyError, ValueError, OSError)  # o que load levanta


class Checkpoint(NamedTuple):
    """Tudo o que é preciso para continuar um treino do ponto em que estava.

    step: quantos passos já foram dados
    weights, memory: {nome: array}, dos pesos e do que o otimizador lembra; podem ter nomes iguais
    rng: o Generator do NumPy de onde saem todos os sorteios (lotes, dropout)
    """

    step: int
    weights: dict
    memory: dict
    rng: np.random.Generator


def save(path, checkpoint):
    """Um caminho (str ou Path) e um Checkpoint -> nada; escreve o arquivo, inteiro ou nada dele.

    No .npz, que np.savez escreve, há estes arrays:
    - "step": o número do passo;
    - "weights.NOME" e "memory.NOME": cada array, com o nome que tem no dicionário;
    - "rng": um texto, o JSON de checkpoint.rng.bit_generator.state (um dicionário de números).

    A qualquer momento a máquina pode parar, e em `path` tem de estar o arquivo novo inteiro, ou o
    que estava ali antes, intacto. Escreva com outro nome, na MESMA pasta; leve ao disco o que o
    sistema ainda tem na memória (flush do arquivo, e os.fsync do seu fileno); e só então dê a ele o
    nome certo, com os.replace, que troca um arquivo por outro de uma vez. No fim não sobra nada com
    o outro nome.

    Cuidado: a um caminho que não termina em .npz o np.savez acrescenta ".npz"; a um arquivo aberto
    em modo binário, não.

    Por exemplo, com os pesos {"w": …} e as lembranças {"m.w": …, "v.w": …}, os nomes no arquivo são
    step, rng, weights.w, memory.m.w e memory.v.w.
    """
    raise NotImplementedError("m05.e04")


def load(path):
    """Um caminho -> o Checkpoint do arquivo que save escreveu, com um Generator no mesmo estado.

    np.load dá um objeto que lê cada array só quando se pede por ele: leia todos, e feche-o, para
    que o arquivo possa ser apagado. Um array de um só número é de forma (): faça do passo um int.
    Um Generator novo, de np.random.default_rng(), recebe um estado em rng.bit_generator.state.

    Num arquivo estragado alguma coisa levanta um dos erros de DAMAGED: deixe passar. Objetos do
    Python não são lidos (allow_pickle=False, que é o que np.load já faz).

    Por exemplo, quem salva depois de sortear 3 números e carrega sorteia em seguida o quarto.
    """
    raise NotImplementedError("m05.e04")


def latest(folder):
    """Uma pasta (str ou Path) -> o Checkpoint mais novo que esteja inteiro, ou None.

    Os checkpoints de uma pasta chamam-se step-N.npz, com N o passo, sem zeros à esquerda; o mais
    novo é o de maior NÚMERO. Um que load não consegue ler (DAMAGED) é deixado de lado, e vale o
    anterior. Outros arquivos, como o que um save interrompido deixou, não contam.

    Por exemplo, com step-9.npz, step-10.npz e step-11.npz, e o último cortado, é o de step-10.npz.
    """
    raise NotImplementedError("m05.e04")
