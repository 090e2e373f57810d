"""m02.e01: versions compared, the memory that is left, and what to do about a machine."""

import itertools

import pytest

VERSIONS = ["2", "2.0.0", "2.0.1", "3.9", "3.11", "3.11.0", "3.11.7", "10.0", "2.13.0+cu130", "3.14.0rc2", "0.65.1"]
MEMINFO = """\
MemTotal:       16262732 kB
MemFree:          312044 kB
MemAvailable:    9120456 kB
Buffers:          204800 kB
Cached:          8012345 kB
SwapCached:          120 kB
Active(anon):    3000000 kB
HugePages_Total:       3
Hugepagesize:       2048 kB
"""
GIB = 2**30
FINE = {"python": "3.12.1", "memory": 8 * GIB, "disk": 40 * GIB, "cuda": None, "cupy": None}


def one_by_one(piece, pairs):
    return [piece(*pair) for pair in pairs]


@pytest.mark.parametrize("minimum", ["2", "2.0", "2.0.1", "3.11", "3.11.7", "9.1"])
def test_is_at_least(judge, minimum):
    for version in VERSIONS:
        judge.same("is_at_least", version, minimum, case=f"{version!r}, mínima {minimum!r}")


def test_one_of_two_versions_is_at_least_the_other(judge):
    pairs = list(itertools.product(VERSIONS, VERSIONS))
    found = judge.same("is_at_least", pairs, through=one_by_one, case=f"cada par destas: {', '.join(VERSIONS)}")
    known = dict(zip(pairs, found, strict=True))
    for a, b in pairs:
        judge.that(known[a, b] or known[b, a], "is_at_least", f"{a!r} e {b!r}", "uma deveria ser ao menos a outra")


def test_available_bytes(judge):
    found = judge.same("available_bytes", MEMINFO, case="o /proc/meminfo de uma máquina de 16 GB")
    judge.that(found == 9120456 * 1024, "available_bytes", "o mesmo", "deveria ser a linha MemAvailable, em bytes")


def test_available_bytes_of_an_old_kernel(judge):
    old = "".join(line for line in MEMINFO.splitlines(keepends=True) if not line.startswith("MemAvailable"))
    judge.same("available_bytes", old, case="um /proc/meminfo sem MemAvailable")
    turned = "".join(reversed(old.splitlines(keepends=True)))
    judge.same("available_bytes", turned, case="as mesmas linhas, noutra ordem")


def test_available_bytes_of_extremes(judge):
    judge.same(
        "available_bytes", "MemTotal: 99 kB\nMemFree: 7 kB\nBuffers: 3 kB\nCached: 5 kB\n", case="quase nada livre"
    )
    terabytes = "MemTotal: 9663676416 kB\nMemFree: 1 kB\nMemAvailable: 6442450944 kB\nBuffers: 2 kB\nCached: 3 kB"
    judge.same("available_bytes", terabytes, case="6 TB, e nenhuma quebra de linha no fim")


def test_mends_of_a_good_machine(judge):
    found = judge.same("mends", FINE, case="uma máquina em que nada falta")
    judge.that(found == [], "mends", "o mesmo", "não deveria haver conselho nenhum")


@pytest.mark.parametrize("python", ["3.10.14", "3.11", "3.11.0rc1", "3.9", "4.0"])
def test_mends_of_python(judge, python):
    judge.same("mends", FINE | {"python": python}, case=f"Python {python}")


@pytest.mark.parametrize("name", ["memory", "disk"])
@pytest.mark.parametrize("size", [0, GIB - 1, GIB, GIB + 1, 2 * GIB - 1, 2 * GIB, 2 * GIB + 1, 3 * GIB, 10**15])
def test_mends_of_memory_and_disk(judge, name, size):
    judge.same("mends", FINE | {name: size}, case=f"{name}: {size} bytes")


@pytest.mark.parametrize("cuda", [None, "11.8", "12.0", "12.4", "13.0", "13.1", "14.2"])
@pytest.mark.parametrize("cupy", [None, 12, 13])
def test_mends_of_the_gpu(judge, cuda, cupy):
    judge.same("mends", FINE | {"cuda": cuda, "cupy": cupy}, case=f"driver de CUDA {cuda}, CuPy de CUDA {cupy}")


def test_mends_of_a_machine_in_need_of_everything(judge):
    facts = {"python": "3.8.10", "memory": GIB, "disk": 5, "cuda": "12.2", "cupy": 13}
    found = judge.same("mends", facts, case="uma máquina em que tudo falta")
    judge.that(len(found) == 4, "mends", "o mesmo", "deveria haver quatro conselhos")


@pytest.mark.parametrize("name", ["is_at_least", "available_bytes", "mends"])
def test_time_and_memory(judge, name):
    judge.fast(name)
