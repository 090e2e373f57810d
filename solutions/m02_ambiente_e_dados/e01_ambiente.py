"""m02.e01 · Diagnosticar o ambiente

30 minutos · dificuldade 2 de 5 · precisa de: nada
pode usar: re
na biblioteca: nenhuma peça, porque o exame de lá (tinyllm.show.doctor) pergunta à máquina, e aqui
    os fatos chegam
    prontos

Por que importa: quase todo “não funciona” de quem começa vem do ambiente: uma versão velha, pouca
memória, um CuPy que o driver da placa não aceita. Um exame que olha os fatos e diz o remédio poupa
horas. E como ele só decide, sem perguntar nada à máquina, pode ser testado em qualquer outra.

O que fazer: complete as três funções. A terceira usa a primeira; os conselhos já estão escritos. O
tempo é medido: leia cada texto uma vez só.
"""

import re

NEWER_PYTHON = "instale o Python 3.11 ou mais novo"
MORE_MEMORY = "feche outros programas antes de treinar"
MORE_DISK = "libere ao menos 1 GB no disco"
NEWER_DRIVER = "atualize o driver da NVIDIA: o CuPy pede CUDA 12 ou mais nova"
CUPY = {12: 'pip install -e ".[cuda12]"', 13: 'pip install -e ".[cuda13]"'}


def is_at_least(version, minimum):
    """dois textos -> bool: se a versão é a mínima ou uma mais nova.

    Comparam-se os números, um a um, da esquerda para a direita; um que falta na versão vale 0. O
    que vem depois deles, como em 2.13.0+cu130 ou 3.14.0rc2, não conta. Por exemplo, 3.9 é mais
    velha que 3.11, embora o caractere 9 seja maior que 1; e 2 é o mesmo que 2.0.0.
    """
    # --- sua vez
    found, least = (
        [int(n) for n in re.match(r"\d+(?:\.\d+)*", text)[0].split(".")]
        for text in (version, minimum)
    )
    return found + [0] * len(least) >= least
    # --- fim


def available_bytes(meminfo):
    """texto -> inteiro: quantos bytes um programa novo ainda pode usar, segundo o /proc/meminfo do
    Linux.

    Cada linha do texto é da forma `MemAvailable:    8123456 kB`, em que um kB são 1024 bytes. A que
    interessa é MemAvailable; um Linux muito antigo não a tem, e então a resposta é a soma de
    MemFree, Buffers e Cached (o que está livre e o que o sistema guarda só para ganhar tempo).
    MemFree sozinha engana: num Linux são, fica sempre perto de 0.
    """
    # --- sua vez
    amounts = dict(re.findall(r"^(\w+):\s+(\d+) kB", meminfo, flags=re.MULTILINE))
    names = ["MemAvailable"] if "MemAvailable" in amounts else ["MemFree", "Buffers", "Cached"]
    return 1024 * sum(int(amounts[name]) for name in names)
    # --- fim


def mends(facts):
    """dict -> lista de conselhos: o que fazer para que a máquina treine; vazia, se está tudo bem.

    Os fatos: "python", a versão, um texto; "memory" e "disk", os bytes livres, dois inteiros;
    "cuda", a maior versão da CUDA que o driver da placa aceita, um texto como "12.4", ou None se
    não há placa da NVIDIA; "cupy", a versão da CUDA para a qual o CuPy instalado foi feito, um
    inteiro, 12 ou 13, ou None se não há CuPy. Nesta ordem:

    - Python abaixo de 3.11: NEWER_PYTHON. Memória abaixo de 2 GiB (2 · 2³⁰ bytes): MORE_MEMORY.
      Disco abaixo de 1 GiB: MORE_DISK.
    - Só se há placa: com um driver de CUDA abaixo de 12, NEWER_DRIVER. Senão, se não há CuPy ou se
      ele foi feito para uma CUDA mais nova que a do driver, o CUPY do driver. Um driver aceita CuPy
      de CUDA igual ou mais velha; depois da 13 não há outro CuPy, e vale o da 13.

    Por exemplo, um driver de CUDA 12.4 sem CuPy pede CUPY[12]; um de CUDA 13.0 com o CuPy de 12 não
    pede nada.
    """
    # --- sua vez
    found = []
    if not is_at_least(facts["python"], "3.11"):
        found.append(NEWER_PYTHON)
    if facts["memory"] < 2 * 2**30:
        found.append(MORE_MEMORY)
    if facts["disk"] < 2**30:
        found.append(MORE_DISK)
    if facts["cuda"] is None:
        return found
    driver = int(facts["cuda"].split(".")[0])
    if driver < 12:
        found.append(NEWER_DRIVER)
    elif facts["cupy"] is None or facts["cupy"] > driver:
        found.append(CUPY[min(driver, 13)])
    return found
    # --- fim
