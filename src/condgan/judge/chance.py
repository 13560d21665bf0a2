"""Whether a judge recognises more than chance: its accuracy on held-out images, beside that of a constant answer."""

from condgan.data.dataset import Images
from condgan.judge.model import HeldOut, Interval, Judge, Samples


def held_out_accuracy(samples: Samples, images: Images) -> HeldOut | None:
    """Compares what a judge made of the held-out images of a data set, in their order, with chance.

    None if the held-out images show nothing.
    """
    from condgan.metrics import condition_accuracy  # which imports this package

    condition = images.condition
    if not condition.wanted(samples.c).any():
        return None
    frequency = condition.wanted(images.labels[images.training]).float().mean(0)  # as logits: only ranks matter
    constant = Samples(samples.c, frequency.expand(len(samples), -1), samples.features)
    accuracy, chance = (condition_accuracy(each, each, condition) for each in (samples, constant))
    return HeldOut(accuracy, chance)


def formatted(interval: Interval) -> str:
    """Formats a value with its interval.

    >>> formatted((0.104, 0.092, 0.131))
    '0.10 [0.09, 0.13]'
    """
    value, low, high = interval
    return f"{value:.2f} [{low:.2f}, {high:.2f}]"


def problem(judge: Judge) -> str:
    """Returns why a judge should not score, as far as its file tells; nothing for one that is above chance."""
    if judge.held_out is None or not judge.held_out.is_chance:
        return ""
    accuracy, chance = map(formatted, judge.held_out)
    return (
        f"it recognises {accuracy} of what held-out images show, no more than chance, {chance}, which is the same "
        "answer to every image"
    )
