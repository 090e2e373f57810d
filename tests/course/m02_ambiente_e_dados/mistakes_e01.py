"""Respostas erradas de m02.e01, cada uma com a frase que o aluno lê, as dicas e o trabalho em que se mede cada peça."""

import re

from tinyllm.course.measure import SLOW, Work

PYTHON, MEMORY, DISK = "instale o Python 3.11 ou mais novo", "feche outros programas antes de treinar", (
    "libere ao menos 1 GB no disco")  # fmt: skip
DRIVER = "atualize o driver da NVIDIA: o CuPy pede CUDA 12 ou mais nova"
INSTALL = {12: 'pip install -e ".[cuda12]"', 13: 'pip install -e ".[cuda13]"'}


def numbers(text):
    return [int(n) for n in re.match(r"\d+(?:\.\d+)*", text)[0].split(".")]


def as_texts(version, minimum):
    return version >= minimum


def as_decimals(version, minimum):
    return float(".".join(version.split(".")[:2])) >= float(".".join(minimum.split(".")[:2]))


def any_number_larger(version, minimum):
    found, least = numbers(version), numbers(minimum)
    return all(f >= n for f, n in zip(found + [0] * len(least), least, strict=False))


def missing_is_older(version, minimum):
    return numbers(version) >= numbers(minimum)


def strictly_newer(version, minimum):
    found, least = numbers(version), numbers(minimum)
    return found + [0] * (len(least) - len(found)) > least


def two_numbers_only(version, minimum):
    return [*numbers(version), 0][:2] >= [*numbers(minimum), 0][:2]


def numbers_run_together(version, minimum):
    return int("".join(map(str, numbers(version)))) >= int("".join(map(str, numbers(minimum))))


def amounts_of(meminfo):
    return {name: int(kilobytes) for name, kilobytes in re.findall(r"(?m)^(\w+):\s+(\d+) kB", meminfo)}


def the_free_part(meminfo):
    return 1024 * amounts_of(meminfo)["MemFree"]


def the_total(meminfo):
    return 1024 * amounts_of(meminfo)["MemTotal"]


def in_kilobytes(meminfo):
    amounts = amounts_of(meminfo)
    return amounts.get("MemAvailable", amounts["MemFree"] + amounts["Buffers"] + amounts["Cached"])


def kilobytes_of_1000(meminfo):
    return 1000 * in_kilobytes(meminfo)


def the_old_sum_always(meminfo):
    amounts = amounts_of(meminfo)
    return 1024 * (amounts["MemFree"] + amounts["Buffers"] + amounts["Cached"])


def everything_that_is_free(meminfo):
    amounts = amounts_of(meminfo)
    return 1024 * sum(amounts.get(name, 0) for name in ("MemAvailable", "MemFree", "Buffers", "Cached"))


def without_buffers(meminfo):
    amounts = amounts_of(meminfo)
    return 1024 * amounts.get("MemAvailable", amounts["MemFree"] + amounts["Cached"])


def what_is_cached_for_swap(meminfo):
    amounts = amounts_of(meminfo)
    return 1024 * amounts.get("MemAvailable", sum(amounts.get(name, 0) for name in (
        "MemFree", "Buffers", "Cached", "SwapCached")))  # fmt: skip


def a_search_for_each_line(meminfo):
    lines = meminfo.splitlines()
    amounts = {}
    for place in range(len(lines)):
        line = meminfo.splitlines()[place].split()
        amounts[line[0].rstrip(":")] = int(line[1])
    names = ["MemAvailable"] if "MemAvailable" in amounts else ["MemFree", "Buffers", "Cached"]
    return 1024 * sum(amounts[name] for name in names)


def machine_mends(facts, *, old=lambda version: numbers(version) < [3, 11], giga=1 << 30):
    found = [PYTHON] if old(facts["python"]) else []
    found += [MEMORY] if facts["memory"] < 2 * giga else []
    return found + ([DISK] if facts["disk"] < giga else [])


def the_first_only(facts):
    return (machine_mends(facts) + gpu_mends(facts))[:1]


def gpu_mends(facts):
    if facts["cuda"] is None:
        return []
    driver = int(facts["cuda"].split(".")[0])
    if driver < 12:
        return [DRIVER]
    return [INSTALL[min(driver, 13)]] if facts["cupy"] is None or facts["cupy"] > driver else []


def cupy_without_a_gpu(facts):
    if facts["cuda"] is None:
        return machine_mends(facts) + ([INSTALL[13]] if facts["cupy"] is None else [])
    return machine_mends(facts) + gpu_mends(facts)


def any_cupy_will_do(facts):
    return machine_mends(facts) + (gpu_mends(facts) if facts["cupy"] is None or gpu_mends(facts) == [DRIVER] else [])


def the_same_version_only(facts):
    if facts["cuda"] is None or gpu_mends(facts) == [DRIVER]:
        return machine_mends(facts) + gpu_mends(facts)
    driver = min(13, int(facts["cuda"].split(".")[0]))
    return machine_mends(facts) + ([INSTALL[driver]] if facts["cupy"] != driver else [])


def no_word_on_the_driver(facts):
    return machine_mends(facts) + [mend for mend in gpu_mends(facts) if mend != DRIVER]


def python_as_text(facts):
    return machine_mends(facts, old=lambda version: version < "3.11") + gpu_mends(facts)


def thousands(facts):
    return machine_mends(facts, giga=10**9) + gpu_mends(facts)


def the_limit_itself_too(facts):
    return machine_mends(facts, giga=(1 << 30) + 0.5) + gpu_mends(facts)


def the_gpu_first(facts):
    return gpu_mends(facts) + machine_mends(facts)


def cupy_for_an_old_driver(facts):
    found = machine_mends(facts) + gpu_mends(facts)
    return found + ([INSTALL[12]] if DRIVER in found and (facts["cupy"] is None or facts["cupy"] > 11) else [])


MISTAKES = {
    "is_at_least": [
        (as_texts, "comparou os textos, caractere a caractere; compare os números: 9 é menor que 11"),
        (as_decimals, "leu a versão como um número decimal; 3.9 não é mais que 3.11, são dois números, 3 e 9"),
        (any_number_larger, "pediu que cada número fosse maior; se o primeiro já é maior, os outros não importam"),
        (missing_is_older, "um número que falta vale 0: 2 e 2.0.0 são a mesma versão"),
        (strictly_newer, "a própria versão mínima também serve"),
        (two_numbers_only, "comparou só os dois primeiros números; 2.0.1 é mais nova que 2.0.0"),
        (numbers_run_together, "juntou os números num só; 3.9 não é 39, são dois números, 3 e 9"),
    ],
    "available_bytes": [
        (the_free_part, "contou só MemFree; o que o sistema usa como cache também pode ser usado"),
        (the_total, "isto é a memória toda, e não a que sobra"),
        (in_kilobytes, "faltou passar de kB para bytes"),
        (kilobytes_of_1000, "um kB do /proc/meminfo são 1024 bytes, não 1000"),
        (the_old_sum_always, "somou as três partes mesmo havendo MemAvailable, que é a conta que o Linux já fez"),
        (everything_that_is_free, "somou as três partes a MemAvailable, que já as conta"),
        (without_buffers, "num Linux antigo, faltou somar Buffers"),
        (what_is_cached_for_swap, "somou também SwapCached, que é outra linha; são MemFree, Buffers e Cached"),
    ],
    "mends": [
        (the_first_only, "parou no primeiro conselho; a máquina pode precisar de vários"),
        (cupy_without_a_gpu, "sem uma placa da NVIDIA o CuPy não serve para nada"),
        (any_cupy_will_do, "há CuPy, mas feito para uma CUDA mais nova que a do driver: não vai funcionar"),
        (the_same_version_only, "um driver mais novo aceita o CuPy de uma CUDA mais velha"),
        (no_word_on_the_driver, "um driver de CUDA abaixo de 12 precisa ser atualizado (NEWER_DRIVER)"),
        (python_as_text, "comparou a versão do Python como um texto; is_at_least compara os números"),
        (thousands, "contou um GiB como 10⁹ bytes; são 2³⁰"),
        (the_limit_itself_too, "recusou o próprio limite; o conselho é só para o que fica ABAIXO dele"),
        (the_gpu_first, "os conselhos saíram em outra ordem; os da placa são os últimos"),
        (cupy_for_an_old_driver, "deu também um conselho sobre o CuPy; com um driver abaixo de 12 basta NEWER_DRIVER"),
    ],
}

COSTLY = {"available_bytes": [(a_search_for_each_line, SLOW)]}

EQUIVALENT = {  # mutants of the solution that compute the same
    "return found + [0] * len(least) >= least: "
    "found + [0] * len(least) >= least -> (found + [0] * len(least) > least)": (
        "with the zeros the one list is longer than the other, and so never equal to it"
    ),
    "found.append(CUPY[min(driver, 13)]): min(driver, 13) -> min(13, driver)": "the lesser of the same two numbers",
}

HINTS = [
    "is_at_least: o Python compara listas da esquerda para a direita: [3, 9] >= [3, 11] é False. Falta só fazer de "
    "cada texto uma "
    "lista de inteiros, e completar a mais curta.",
    r're.match(r"\d+(?:\.\d+)*", texto)[0] é a parte da versão que conta. available_bytes: '
    r're.findall(r"^(\w+):\s+(\d+) kB", texto, '
    "flags=re.MULTILINE) dá os pares (nome, número) de todo o meminfo.",
    "is_at_least: found + [0] * len(least) >= least. mends: uma lista vazia e um if para cada regra; os "
    "três primeiros são independentes, e os da placa, um if e um elif.",
]


def versions(size):
    return ([(f"{n % 5}.{n % 7}.{n % 11}+cu130", "2.3.4") for n in range(size)],)


def one_by_one(piece, cases):
    return [piece(*case) for case in cases]


def long_meminfo(size):
    lines = [f"Node{n}:    {n} kB\n" for n in range(size)]
    return ("".join([*lines, "MemTotal: 9 kB\nMemFree: 1 kB\nMemAvailable: 8 kB\nBuffers: 2 kB\nCached: 3 kB\n"]),)


def machines(size):
    return ([({"python": "3.12.1", "memory": n << 20, "disk": n << 20, "cuda": "12.4", "cupy": 12 + n % 2},)
             for n in range(size)],)  # fmt: skip


WORK = {
    "is_at_least": Work(versions, small=200, large=1600, through=one_by_one),
    "available_bytes": Work(long_meminfo, small=100, large=1500),
    "mends": Work(machines, small=200, large=1600, through=one_by_one),
}
