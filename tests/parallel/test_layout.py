"""Layouts: how they are written, which they refuse, and who is in a group with whom."""

import numpy as np
import pytest

from tinyllm.errors import UsageError
from tinyllm.parallel.comm import run_ranks
from tinyllm.parallel.layout import Layout, Place, parse_layout


@pytest.mark.parametrize(
    "text, layout",
    [
        ("dp=4", Layout(dp=4)),
        ("tp=2,dp=3", Layout(dp=3, tp=2)),
        ("dp=2, tp=2, pp=2, zero=1", Layout(dp=2, tp=2, pp=2, zero=1)),
    ],
)
def test_a_layout_is_read_and_written(text, layout):
    assert parse_layout(text) == parse_layout(str(layout)) == layout


@pytest.mark.parametrize(
    "text, words",
    [
        ("", "is no part of a layout"),
        ("dp", "'dp' is no part of a layout"),
        ("dp=2,", "'' is no part of a layout"),
        ("dp=x", "'dp=x' is no part of a layout"),
        ("dp=-1", "'dp=-1' is no part of a layout"),
        ("dp=²", "is no part of a layout"),
        ("dp=99999999999999999999", "is no part of a layout"),
        ("dp=2,dp=2", "dp stands twice"),
        ("dp=2,xp=2", "Layout has no xp; it has dp, tp, pp, zero"),
        ("dp=0", "dp=0 must be at least 1"),
        ("zero=4", "zero=4 must be at most 3"),
        ("tp=2,zero=1", "zero=1 shares what replicas hold, and there is one; raise dp"),
    ],
)
def test_what_is_no_layout_is_refused(text, words):
    with pytest.raises(UsageError, match=words):
        parse_layout(text)


def test_a_layout_of_another_number_of_ranks_is_refused():
    with pytest.raises(UsageError, match=r"dp=2,tp=2,pp=1,zero=0 takes 4 ranks, and there are 3"):
        run_ranks(3, Layout(dp=2, tp=2).groups)


@pytest.mark.parametrize("layout", [Layout(dp=2, tp=3), Layout(dp=2, tp=2, pp=2), Layout(pp=3, tp=2), Layout(dp=3)])
def test_groups_are_the_ranks_that_differ_in_one_way(layout):
    """The numbers of the ranks of each group, held against the places that differ in that way alone."""

    def work(comm):
        return [group.all_gather(np.array([comm.rank])).tolist() for group in layout.groups(comm)]

    places = [layout.of_rank(rank) for rank in range(layout.ranks)]
    assert len(set(places)) == layout.ranks
    for mine, found in zip(places, run_ranks(layout.ranks, work), strict=True):
        for field, group in zip(("replica", "slice", "stage"), found, strict=True):
            others = [
                rank for rank, place in enumerate(places) if place._replace(**{field: 0}) == mine._replace(**{field: 0})
            ]
            assert group == others


def test_slices_are_neighbours_and_stages_far_apart():
    assert [Layout(dp=2, tp=2, pp=2).of_rank(rank) for rank in range(5)] == [
        Place(0, 0, 0), Place(0, 0, 1), Place(0, 1, 0), Place(0, 1, 1), Place(1, 0, 0),
    ]  # fmt: skip
