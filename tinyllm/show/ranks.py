"""What each rank of a training holds, and what it exchanges in a step, in words."""

from tinyllm.memory.recompute import rows_of_blocks
from tinyllm.nn.module import count_parameters
from tinyllm.nn.outline import in_outline
from tinyllm.parallel.accounts import exchanged, held_numbers
from tinyllm.say import counted, megabytes, tell, thousands


def announce_ranks(task, config, training, layout):
    """Say how much of a model the rank that holds most holds, by a layout of several ranks, and what it exchanges."""
    with in_outline() as rng:
        model = task.new_model(config, rng=rng)
    places = [layout.of_rank(rank) for rank in range(layout.ranks)]
    held = max(held_numbers(model, layout, place) for place in places)
    shares = f"{thousands(held)} dos {counted(count_parameters(model), 'parâmetro')}"
    given = {"gradientes": 4 * held if layout.dp > 1 else 0}
    if len(rows_of_blocks(model)) == 1 and layout.tp * layout.pp > 1:
        rows = training.batch * training.accumulate // layout.dp
        given["ativações"] = max(sum(exchanged(model, layout, place, rows)) for place in places)
    parts = " e ".join(f"{megabytes(count)} de {what}" for what, count in given.items() if count)
    exchange = f"; por passo, cada um soma com os outros, ou lhes manda, até {parts}" if parts else ""
    tell(f"O processo mais cheio calcula com {shares}{exchange}.")
