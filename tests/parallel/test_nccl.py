"""Ranks with a GPU each exchange what other ranks do: on a stand-in for NCCL, and on the real one where GPUs are."""

import numpy as np
import pytest
from parallel import fake_nccl
from parallel.on_mpi import as_json, needs_mpi, run_on_mpi

from tinyllm.backend.arrays import to_device, to_host
from tinyllm.errors import UsageError
from tinyllm.parallel.comm import run_ranks
from tinyllm.parallel.nccl import NcclComm, on_gpus

DTYPES = ("f4", "f8", "f2", "i8", "i4", "u1")


def exchanged(comm, device):
    """What ranks exchange, of several types and shapes, from a device and back."""
    found, half = [], comm.split(comm.rank % 2)
    for dtype in DTYPES:
        for shape in ((4, 3), (8,), (0, 2), (4, 2, 2)):
            numbers = np.random.default_rng(comm.rank).integers(0, 9, size=shape).astype(dtype)
            mine = to_device(numbers, device)
            uneven = mine[: comm.rank]
            sums = [comm.all_reduce(mine), comm.reduce_scatter(mine), half.all_reduce(mine)]
            others = [comm.all_gather(mine), comm.all_gather(uneven), comm.broadcast(mine, root=comm.size - 1), mine]
            found += [as_json(to_host(array)) for array in sums + others]
    column = to_device(np.arange(24.0).reshape(3, 8), device)[:, ::2].T
    found += [as_json(to_host(comm.all_reduce(column))), as_json(to_host(comm.reduce_scatter(column)))]
    found.append(as_json(to_host(comm.all_reduce(to_device(np.array(1.5), device)))))
    comm.barrier()
    return [*found, comm.exchange(comm.rank, list), comm.cores()]


def with_neighbours(comm):
    """All ranks that are threads are on one machine."""
    comm.here = comm
    split = comm.split
    comm.split = lambda color: with_neighbours(split(color))
    return comm


@pytest.mark.parametrize("size", [2, 4])
def test_gpus_exchange_what_memory_does(cupy, monkeypatch, size):
    fake_nccl.install(monkeypatch, cupy, gpus=size)

    def work(comm):
        return exchanged(on_gpus(with_neighbours(comm)), "gpu")

    assert run_ranks(size, work) == run_ranks(size, lambda comm: exchanged(comm, "cpu"))


def test_arrays_in_memory_and_letters_go_the_other_way(cupy, monkeypatch):
    fake_nccl.install(monkeypatch, cupy, gpus=2)

    def work(comm):
        comm = on_gpus(with_neighbours(comm))
        comm.send(to_device(np.full(2, comm.rank), "gpu"), 1 - comm.rank)
        assert isinstance(comm, NcclComm) and np.array_equal(to_host(comm.receive(1 - comm.rank)), [1 - comm.rank] * 2)
        return exchanged(comm, "cpu")[:-1]

    assert run_ranks(2, work) == run_ranks(2, lambda comm: exchanged(comm, "cpu")[:-1])


@pytest.mark.parametrize("size, gpus", [(2, 1), (2, 0), (1, 1)])
def test_ranks_without_a_gpu_each_stay_as_they_were(cupy, monkeypatch, size, gpus):
    fake_nccl.install(monkeypatch, cupy, gpus=gpus)
    assert run_ranks(size, lambda comm: type(on_gpus(with_neighbours(comm))) is type(comm)) == [True] * size


def test_a_type_that_gpus_do_not_exchange_is_refused(cupy, monkeypatch):
    fake_nccl.install(monkeypatch, cupy, gpus=2)
    with pytest.raises(UsageError, match="GPUs exchange no arrays of bool"):
        run_ranks(2, lambda comm: on_gpus(with_neighbours(comm)).all_reduce(to_device(np.array([True]), "gpu")))


def on_real_gpus(comm):
    return exchanged(on_gpus(comm), "gpu")[:-1]


@pytest.mark.gpu
@needs_mpi
def test_real_gpus_exchange_what_threads_do():
    cuda = pytest.importorskip("cupy").cuda
    size = min(2, cuda.runtime.getDeviceCount())
    if size < 2:
        pytest.skip("ranks need a GPU each, and there are not two")
    assert run_on_mpi(size, on_real_gpus) == run_ranks(size, lambda comm: exchanged(comm, "cpu")[:-1])
