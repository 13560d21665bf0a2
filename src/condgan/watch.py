"""How obedience grows while a run trains: a curve to look at. Nothing is selected by it."""

import torch

from condgan.data.dataset import Images
from condgan.generate import LoadedGenerator
from condgan.judge import Judge
from condgan.metrics import condition_accuracy, exact_accuracy
from condgan.run import Watch

NUM_DRAWS = 200


def obedience(images: Images, judge: Judge) -> Watch:
    """Official and exact accuracy on the conditions of up to NUM_DRAWS held-out images, always from the same latents.

    A point is worth a few hundredths, as so few draws are; `evaluate` draws more, and gives intervals.
    """
    held_out, condition = images.part(held_out=True), images.condition
    evenly = torch.linspace(0, len(held_out) - 1, min(len(held_out), NUM_DRAWS)).long()
    c = condition.draw(held_out.labels[evenly])

    def watch(generator: LoadedGenerator) -> dict[str, float]:
        seen = judge.read(generator.generate(c), c)
        return {
            "condition_accuracy": condition_accuracy(seen, seen, condition).value,
            "exact_accuracy": exact_accuracy(seen, seen, condition).value,
        }

    return watch
