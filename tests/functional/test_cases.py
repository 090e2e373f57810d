"""Every operation has a case, and every case names an operation."""

from functional.cases import CASES, all_ops

OPS = all_ops()


def test_every_operation_has_a_case():
    assert {name for name, op in OPS.items() if op not in [case.op for case in CASES]} == set()


def test_every_case_names_an_operation():
    assert {str(case) for case in CASES if case.op not in OPS.values()} == set()


def test_no_two_cases_have_one_name():
    assert len({str(case) for case in CASES}) == len(CASES)


def test_the_search_for_operations_finds_both_kinds():
    assert {"add", "where", "gelu", "linear_cross_entropy", "drop"} <= OPS.keys()
