"""`tinyllm train --overfit-one-batch`: whether the model learns one batch by heart, and what to suspect if not."""

import shlex

from tinyllm.errors import UsageError
from tinyllm.say import bar, counted, decimal, emit, tell
from tinyllm.train.overfit import ENOUGH, OneBatch


def show_overfit(run, *, as_json=False):
    """Try it before the eyes of a person. Returns the exit status: 0 if the batch was learned, else 1."""
    test, problem = OneBatch(run), None
    tell(f"Decorando um só lote, sem dropout, por até {counted(test.training.steps, 'passo')}…")
    with bar(total=test.training.steps, disable=as_json) as shown:
        try:
            for report in test.reports():
                shown.set_postfix_str(f"perda {decimal(report.loss, 3)}", refresh=False)
                shown.update()
        except UsageError as error:
            if not test.losses:
                raise
            problem = str(error)
    passed = problem is None and test.learned
    reasons = [] if passed else suspects(test, problem)
    if as_json:
        values = {
            "learned": passed,
            "steps": len(test.losses),
            "first_loss": test.losses[0],
            "last_loss": test.losses[-1],
        }
        emit({**values, "unmoved": test.unmoved(), "suspects": reasons})
        return 0 if passed else 1
    went = f"A perda foi de {decimal(test.losses[0], 3)} a {decimal(test.losses[-1], 3)}"
    tell(f"{went} em {counted(len(test.losses), 'passo')} (decorado: abaixo de {decimal(ENOUGH, 1)}).")
    if passed:
        tell(
            f"O modelo decorou o lote: ele aprende. Para treinar: tinyllm train --resume {shlex.quote(str(run.folder))}"
        )
        return 0
    tell("O modelo não decorou o lote. Desconfie:")
    for reason in reasons:
        tell(f"  - {reason}")
    return 1


def suspects(test, problem):
    """What may be wrong, the likeliest first."""
    found = [f"de números que não são finitos: {problem}"] if problem else []
    if unmoved := test.unmoved():
        some = ", ".join(unmoved[:3]) + (", …" if len(unmoved) > 3 else "")
        found.append(f"de um gradiente que não chega: não mudaram {some}; confira o backward do que vem depois deles")
    if test.losses[-1] > 0.9 * test.losses[0]:
        found.append(
            "de um backward errado, ou de uma taxa pequena demais: a perda quase não desceu; rode os testes de "
            "gradiente, ou tente uma --learning-rate 10 vezes maior"
        )
    elif max(test.losses[-20:]) > 1.5 * min(test.losses):
        found.append("de uma taxa grande demais: a perda sobe e desce; tente uma --learning-rate 10 vezes menor")
    else:
        found.append("de um modelo pequeno demais, ou de uma taxa pequena: a perda ainda desce, mas devagar")
    found.append("dos alvos: com entradas iguais e alvos diferentes, ou deslocados, não há o que decorar")
    return found
