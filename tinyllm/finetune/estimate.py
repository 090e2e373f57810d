"""How much memory a fine-tuning takes: frozen weights, in float32 or in NF4, what is learned beside them, and what the
tape keeps for that.

All is counted on the adapted model in outline. Of what a block keeps while all is learned there is left what leads to
the gradients that are asked for: what enters a linear layer is kept only if its weight is learned, or has something
learned beside it.
"""

from tinyllm.compress.nibble_products import PART
from tinyllm.errors import UsageError
from tinyllm.finetune import catalog as methods
from tinyllm.finetune import ia3, lora
from tinyllm.finetune.method import Added
from tinyllm.finetune.prefix import PrefixConfig
from tinyllm.finetune.sites import linear_layers, sizes
from tinyllm.memory import estimate
from tinyllm.memory.recompute import rows_of_blocks
from tinyllm.models import catalog
from tinyllm.nn import layers
from tinyllm.nn.module import count_parameters
from tinyllm.nn.outline import in_outline

ALONE = ("out", "down")  # what enters a layer of one of these names enters no other


def fine_tuning(config, plan, method, *, quantized=False):
    """The estimate.Training of what the config of a `method` learns beside a model of `config`, whose linear layers are
    of float32 or, if they are `quantized`, of NF4.

    Raises UsageError for prefix tuning, which has to run the model to begin, for what is kept elsewhere, and where the
    method has nothing to adapt.
    """
    if isinstance(method, PrefixConfig):
        raise UsageError("the memory of prefix tuning is not estimated; choose another method")
    if plan.offload != "none":
        raise UsageError(f"a fine-tuning with offload={plan.offload} is not estimated; choose offload=none")
    architecture, number = catalog.architecture_of(config), estimate.PRECISIONS[plan.precision]
    with in_outline() as rng:
        model = (architecture.body if plan.classify else architecture.model)(config, rng=rng)
        linear = estimate.count_multiplied(model) if quantized else 0
        largest = max(max(sizes(layer)) for layer in linear_layers(model).values()) if quantized else 0
        model = methods.adapt(model, method, rng=rng)
    P = count_parameters(model)
    frozen = sum(weight.data.size for _, weight in model.named_weights() if not weight.requires_grad)
    weights = (P + frozen - linear) * number.weight + -(-linear * estimate.WEIGHTS["nf4"] // estimate.BLOCK)
    tables = [module for _, module in model.named_modules() if isinstance(module, layers.Embedding)]
    head = config.vocab_size * config.width * any(table.weight.requires_grad for table in tables)

    kept, (active, block, height) = architecture.kept(config, plan), of_blocks(model, config, plan)
    every, tokens, workers = plan.recompute, plan.batch * config.context, min(plan.workers, plan.batch)
    inputs = -(-active // every) if every else 0
    stream = inputs * config.width + (active - inputs) * block
    again = block if every and active and (active - 1) % every == 0 else 0
    forth = tokens * kept.block  # of a block that is not recorded
    at_loss, on_the_way_back = tokens * (stream + kept.ends), tokens * (stream + again + height)
    targets = 0 if plan.classify else -(-plan.batch // workers) * kept.targets
    logits = workers * estimate.loss_bytes(head, config.vocab_size, targets, number) if targets else 0
    decoded = workers * PART * largest * 4  # of a matrix, what is in float32 at once
    before = min(plan.accumulate - 1, 2) * P * number.gradient
    gradients = estimate.copies_of_gradients(P, head, plan)
    optimiser = plan.optimizer.bytes_remembered(P, embedding=head) + P * number.master + (4 * P if plan.average else 0)
    process = estimate.CUDA_CONTEXT if plan.on_gpu else estimate.PROCESS
    peak = max(
        before + at_loss * number.activation + logits,
        before + on_the_way_back * number.activation + workers * head * number.gradient + decoded,
        before + tokens * (block + height) * number.activation + workers * P * number.gradient + decoded,
        forth * number.activation,
        gradients * number.gradient,
    )
    return estimate.Training(
        parameters=P,
        weights=weights,
        gradients=P * number.gradient,
        optimiser=optimiser,
        copies=(gradients - P) * number.gradient,
        activations=max(forth, at_loss, on_the_way_back) * number.activation + decoded,
        logits=logits,
        process=process,
        total=process + weights + optimiser + peak,
        elsewhere=0,
    )


def of_blocks(model, config, plan):
    """(how many blocks are recorded, what such a one keeps of each token, what its backward holds besides), in numbers.

    Those below all that is learned are not recorded.
    """
    kept = catalog.architecture_of(config).kept(config, plan)
    blocks = rows_of_blocks(model)[0]  # of a T5 those of its encoder, which has nearly all tokens
    order = {weight: place for place, (_, weight) in enumerate(model.named_weights())}
    lowest = min((order[parameter] for parameter in model.parameters()), default=len(order))
    first = sum(max(order[weight] for _, weight in block.named_weights()) < lowest for block in blocks)
    recorded = blocks[first:]
    if not recorded:
        return 0, 0, 0
    more, higher = (sum(numbers) // len(recorded) for numbers in zip(*map(change_of, recorded), strict=True))
    return len(recorded), kept.block + more, kept.height + higher


def change_of(block):
    """How many numbers more of each token an adapted block keeps than one that learns all. And how much higher its way
    back is: what enters its last layer would be gone by then, if it had been kept."""
    inputs, needed, more, higher = {}, set(), 0, 0
    for path, module in block.named_modules():
        above, _, name = path.rpartition(".")
        which = (above, name if name in ALONE else "")
        if isinstance(module, Added) and hasattr(module, "up"):  # an adapter, by whoever wrote it
            hidden, width = module.up.weight.shape
            more += width + 2 * hidden  # what enters it, its slope, and what enters its second layer
        elif isinstance(module, lora.LoRA):
            needed.add(which)
            more += sum(part.a.shape[1] for part in module.parts.values())
        elif isinstance(module, ia3.GainOfInputs):
            needed.add(which)
            higher += sizes(module.inner)[0]  # the gradient of the gains, before it is summed over the tokens
        elif isinstance(module, ia3.GainOfOutputs):
            more += module.n_out  # what comes out before it is scaled
        elif sizes(module) and "@" not in path:
            inputs[which] = sizes(module)[0]
            if module.weight.requires_grad:
                needed.add(which)
    forgotten = {which: size for which, size in inputs.items() if which not in needed}
    higher += sum(size for (_, name), size in forgotten.items() if name == "down")
    return more - sum(forgotten.values()), higher
