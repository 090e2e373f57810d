"""`tinyllm check-gradient`: what a check of a gradient has found, in words."""

from tinyllm.gradcheck import TOLERANCE
from tinyllm.say import emit


def show_check(title, names, check, *, as_json=False):
    """Say what was found of an operation with inputs of these names. Returns the exit status: 0 if all is right."""
    if as_json:
        emit(as_values(title, names, check))
        return 0 if check.right else 1
    print(f"{title}: o backward, ao lado de diferenças centrais em float64\n")
    width = max(map(len, names))
    for name, verdict in zip(names, check.verdicts, strict=True):
        print(f"  {name:{width}}  {verdict.shape!s:12}  {of_input(verdict)}")
    found = troubles(names, check)
    print(
        "\n"
        + "\n".join(
            found or ["O gradiente está certo. Nenhuma entrada foi modificada; float32 e outros layouts dão o mesmo."]
        )
    )
    return 0 if check.right else 1


def of_input(verdict):
    """What there is to say of the gradient of one input."""
    if verdict.error is None:
        return "sem gradiente, por ser de inteiros ou --fixed"
    if verdict.wrong is None:
        return f"certo; maior erro relativo: {number(verdict.error)}"
    place = f"em {list(verdict.wrong.place)} " if verdict.wrong.place else ""
    found, expected = number(verdict.wrong.found), number(verdict.wrong.expected)
    return f"ERRADO: {place}o backward dá {found}, e as diferenças {expected}{suspicion(verdict)}"


def suspicion(verdict):
    """What a wrong gradient looks like, if it is the same number of times the right one everywhere."""
    if verdict.factor is None:
        return ""
    if abs(verdict.factor) <= TOLERANCE:
        return " (é sempre 0: nada volta a esta entrada; se é de propósito, use --fixed)"
    if abs(verdict.factor + 1) <= TOLERANCE:
        return " (o sinal está trocado em toda parte)"
    return f" (é em toda parte {number(verdict.factor)} vezes o certo: falta ou sobra um fator)"


def troubles(names, check):
    """What is to be mended, a line each."""
    wrong = [name for name, verdict in zip(names, check.verdicts, strict=True) if verdict.wrong]
    limit = number(TOLERANCE)
    written, single = [names[place] for place in check.written], check.type_of_single
    return [text for holds, text in (
        (wrong, f"O backward está errado em {', '.join(wrong)}: um erro acima de {limit} não é arredondamento."),
        (written, f"A operação modifica {', '.join(written)}: calcule em arrays novos."),
        (check.dy_written, "O backward modifica o dy que recebe, que outros ainda vão ler: calcule em arrays novos."),
        (not check.layouts_agree, "Com entradas não contíguas (fatias de passo 2) o resultado é outro, ou há um erro."),
        (single is None, "Com entradas em float32 há um erro."),
        (single not in (None, "float32"), f"Com entradas em float32 o resultado é {single}: alguma conta muda o tipo."),
        (single == "float32" and not check.single_agrees, "Em float32 o resultado fica longe do de float64."),
    ) if holds]  # fmt: skip


def number(value):
    return f"{value:.4g}".replace(".", ",")


def as_values(title, names, check):
    """All of it for a script."""
    inputs = [
        {
            "name": name, "shape": list(verdict.shape), "largest_error": verdict.error,
            "wrong": verdict.wrong and verdict.wrong._asdict(), "factor": verdict.factor,
        }
        for name, verdict in zip(names, check.verdicts, strict=True)
    ]  # fmt: skip
    return {
        "operation": title, "right": check.right, "inputs": inputs,
        "writes_to": [names[place] for place in check.written], "writes_to_dy": check.dy_written,
        "other_layouts_agree": check.layouts_agree, "type_in_float32": check.type_of_single,
        "float32_agrees": check.single_agrees,
    }  # fmt: skip
