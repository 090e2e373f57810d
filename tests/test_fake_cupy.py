"""The stand-in for CuPy refuses what CuPy refuses (FACTS: pitfalls), and computes what NumPy computes."""

import numpy as np
import pytest

host = np.arange(6.0).reshape(2, 3)


@pytest.fixture
def device(cupy):
    return cupy.asarray(host)


@pytest.mark.parametrize("meet", [
    lambda cupy, a: a + host,
    lambda cupy, a: host * a,
    lambda cupy, a: a @ host.T,
    lambda cupy, a: cupy.where(host > 1, a, a),
    lambda cupy, a: cupy.concatenate([a, host]),
    lambda cupy, a: cupy.exp(host),
    lambda cupy, a: np.add(a, host),
    lambda cupy, a: a.__iadd__(host),
    lambda cupy, a: a.__setitem__(0, host[0]),
    lambda cupy, a: a.dot(host.T),
    lambda cupy, a: a[np.array([0, 1])],
    lambda cupy, a: a[:, host[0] > 1],
    lambda cupy, a: a[[0, 1]],
    lambda cupy, a: a + [1.0, 2.0, 3.0],  # noqa: RUF005
    lambda cupy, a: cupy.sqrt([1.0, 2.0]),
])  # fmt: skip
def test_arrays_of_numpy_and_lists_are_refused(cupy, device, meet):
    with pytest.raises(TypeError, match="Unsupported type"):
        meet(cupy, device)


@pytest.mark.parametrize("convert", [np.asarray, np.array, np.ascontiguousarray, lambda a: host.__setitem__(0, a[0]),
                                     lambda a: np.array([a, a])])  # fmt: skip
def test_nothing_becomes_a_numpy_array_unasked(device, convert):
    with pytest.raises(TypeError, match="Implicit conversion"):
        convert(device)


def test_names_that_cupy_lacks_are_missing(cupy, device):
    for name in ("block", "nanquantile", "vecdot", "add_newdoc", "float128"):
        with pytest.raises(AttributeError):
            getattr(cupy, name)
    for name in ("tostring", "__array_interface__", "__array_struct__", "newbyteorder", "resize", "cat"):
        with pytest.raises(AttributeError):
            getattr(device, name)
    with pytest.raises(TypeError):
        np.block([device, device])
    with pytest.raises(TypeError):
        np.add.at(device, 0, 1.0)
    with pytest.raises(TypeError):
        np.maximum.reduce(device)


def test_keywords_that_cupy_lacks_are_refused(cupy, device):
    for wrong in (
        lambda: device.max(initial=0.0),
        lambda: device.sum(where=device > 1),
        lambda: cupy.exp(device, where=device > 1),
        lambda: cupy.sum(device, initial=1.0),
        lambda: cupy.zeros(3, like=device),
    ):
        with pytest.raises(TypeError, match="of CuPy has no"):
            wrong()


def test_integer_indices_wrap_around_silently(cupy, device):
    assert device[cupy.asarray([2, -1])].get().tolist() == [host[0].tolist(), host[1].tolist()]
    assert device[0, cupy.asarray([3, 4])].get().tolist() == [0.0, 1.0]
    with pytest.raises(IndexError):
        device[2]


def test_assignment_to_one_place_twice_is_refused_and_scatter_add_is_not(cupy, device):
    import cupyx

    with pytest.raises(ValueError, match="repeated"):
        device[cupy.asarray([1, 1])] = 0.0
    cupyx.scatter_add(device, cupy.asarray([1, 1]), 1.0)
    assert device.get().tolist() == [[0, 1, 2], [5, 6, 7]]
    with pytest.raises(TypeError):
        cupyx.scatter_add(host, 0, 1.0)


def test_reductions_stay_on_the_device_and_waiting_is_counted(cupy, device):
    total = device.sum()
    assert isinstance(total, cupy.ndarray) and total.shape == () and isinstance(device[0, 0], cupy.ndarray)
    assert cupy.synchronisations == []
    assert float(total) == 15 and int(total) == 15 and bool(total > 3) and total.item() == 15
    assert cupy.asnumpy(device).tolist() == host.tolist()
    device[device > 2] = 0.0
    assert cupy.synchronisations == ["float", "int", "bool", "item", "get", "mask"]


def test_it_computes_in_place_and_through_views(cupy):
    a = cupy.asarray(host)
    a.reshape(-1)[1:3] = 7.0
    a *= 2
    cupy.exp(a, out=a)
    cupy.copyto(a, -1.0, where=a > 2.0)
    assert a.get().tolist() == [[1, -1, -1], [-1, -1, -1]]
    assert isinstance(a, cupy.ndarray) and a.T.shape == (3, 2) and len(a) == 2


def test_python_and_numpy_numbers_are_welcome_and_keep_the_type(cupy):
    a = cupy.ones(2, dtype="float32")
    assert (2.0 * a + 1).dtype == np.float32 and (np.float32(2) * a).dtype == np.float32
    assert isinstance(np.float32(2) * a, cupy.ndarray) and isinstance(np.exp(a), cupy.ndarray)


def test_its_arrays_cannot_be_hashed_and_belong_to_no_numpy_class(device):
    assert not isinstance(device, np.ndarray)
    with pytest.raises(TypeError):
        hash(device)


def test_it_goes_when_the_test_ends(request):
    import sys

    before = sys.modules.get("cupy")
    stand_in = request.getfixturevalue("cupy")
    assert sys.modules["cupy"] is stand_in is not before
