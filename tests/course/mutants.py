"""Does a test fail when the solution is wrong? Every small change of an exercise's solution, judged by its tests.

A mutant is the solution with one operator, constant, axis, slice or call changed inside the regions that the learner
writes.
"""

import ast
import contextlib

from course.versions import FOLDER, QUICK

from tinyllm.course.judge import load
from tinyllm.course.syllabus import BEGIN, END

OPERATORS = {
    ast.Add: ["-"], ast.Sub: ["+"], ast.Mult: ["/"], ast.Div: ["*"], ast.FloorDiv: ["/"], ast.Mod: ["*"],
    ast.Pow: ["*"], ast.MatMult: [], ast.Lt: ["<="], ast.LtE: ["<"], ast.Gt: [">="], ast.GtE: [">"], ast.Eq: ["!="],
    ast.NotEq: ["=="], ast.BitAnd: ["|"], ast.BitOr: ["&"],
}  # fmt: skip
CALLS = {"max": "min", "min": "max", "sum": "mean", "mean": "sum", "zeros": "ones", "ones": "zeros", "exp": "log",
         "zeros_like": "ones_like", "tanh": "exp"}  # fmt: skip


def mutants(text):
    """Yield (line, what was, what is, the text of the mutant) for every change inside the marked regions."""
    region, lines = set(), text.splitlines()
    inside = False
    for number, line in enumerate(lines, start=1):
        inside = (inside or line.strip() == BEGIN) and line.strip() != END
        if inside:
            region.add(number)
    starts = [0]
    for line in text.encode().splitlines(keepends=True):
        starts.append(starts[-1] + len(line))

    def place(node):
        return starts[node.lineno - 1] + node.col_offset, starts[node.end_lineno - 1] + node.end_col_offset

    source, seen = text.encode(), set()
    for node in ast.walk(ast.parse(text)):
        if getattr(node, "lineno", None) not in region:
            continue
        lo, hi = place(node)
        for new in changes(node, lambda part: source[slice(*place(part))].decode()):
            changed = (source[:lo] + new.encode() + source[hi:]).decode()
            with contextlib.suppress(SyntaxError):
                ast.parse(changed)
                if changed not in seen and ast.dump(ast.parse(changed)) != ast.dump(ast.parse(text)):
                    seen.add(changed)
                    yield node.lineno, source[lo:hi].decode(), new, changed


def changes(node, text):
    """What one node of the tree may wrongly be."""
    if isinstance(node, ast.BinOp):
        left, right = text(node.left), text(node.right)
        for sign in OPERATORS.get(type(node.op), []):
            yield f"(({left}) {sign} ({right}))"
        yield f"({left})"
        yield f"({right})"
    elif isinstance(node, ast.Compare) and len(node.ops) == 1:
        for sign in OPERATORS.get(type(node.ops[0]), []):
            yield f"({text(node.left)} {sign} {text(node.comparators[0])})"
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield str(not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        yield repr(node.value + 1)
        if node.value > 0:
            yield repr(node.value - 1)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Not | ast.Invert):
        yield f"({text(node.operand)})"
    elif isinstance(node, ast.Slice) and (node.lower or node.upper or node.step):
        yield ":"
    elif isinstance(node, ast.Call):
        yield from changes_of_call(node, text)
    elif isinstance(node, ast.AugAssign):
        yield f"{text(node.target)} = {text(node.value)}"
        yield "pass"


def changes_of_call(node, text):
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", None)
    arguments = [text(a) for a in node.args]
    if name in CALLS:
        whole = text(node.func)
        options = [text(k) for k in node.keywords]
        yield f"{whole[: len(whole) - len(name)]}{CALLS[name]}({', '.join(arguments + options)})"
    if len(arguments) == 1:  # the call left out
        yield f"({arguments[0]})"
    if isinstance(node.func, ast.Attribute) and not arguments:
        yield f"({text(node.func.value)})"
    if len(arguments) == 2:
        yield f"{text(node.func)}({', '.join([arguments[1], arguments[0], *map(text, node.keywords)])})"


def survivors(exercise, versions):
    """(how many mutants a solution has, {"line: what was -> what is"} of those that its tests pass).

    Raises ValueError if the tests reject the solution itself.
    """
    text = (FOLDER / "solutions" / exercise.place).read_text(encoding="utf-8")

    def passes(answer):
        (found,) = versions.judge(exercise, {exercise.place: answer}, options=["-x", *QUICK])
        return found["passed"]

    if not passes(text):
        raise ValueError(f"{exercise.id}: the solution itself is rejected")
    found, lines = list(mutants(text)), text.splitlines()
    left = [(number, was, new) for number, was, new, mutant in found if passes(mutant)]
    return len(found), {f"{lines[number - 1].strip()}: {was} -> {new}" for number, was, new in left}


def check(exercise, versions):
    """Raise AssertionError unless nine mutants in ten are killed, and the support file explains each of the others."""
    count, left = survivors(exercise, versions)
    print(f"{exercise.id}: {count - len(left)} of {count} mutants killed")
    explained = set(getattr(load(FOLDER / exercise.support), "EQUIVALENT", {}))
    assert len(left) <= 0.1 * count, f"{len(left)} of {count} survive"
    assert left <= explained, f"without a reason in EQUIVALENT: {left - explained}"
    assert explained <= left, f"in EQUIVALENT, but they do not survive: {explained - left}"
