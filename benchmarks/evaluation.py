"""Measures what an evaluation costs: processor time of one core for each 1,000 images, and memory.

taskset -c 0 python benchmarks/evaluation.py [--images 1000] [--stream 50000] [--features inception=FILE]

The shipped generator of i-CLEVR is scored on the embedded sample. `--stream` scores so many images in the suite
`quick`, in a list of conditions, and prints the memory that this adds.
"""

import argparse
import os
import resource
import time
from collections.abc import Callable
from functools import partial
from tempfile import TemporaryDirectory

import torch

from condgan.data import load_images
from condgan.evaluate import evaluate, num_images
from condgan.feature_spaces import FeatureSpace, feature_space
from condgan.generate import load
from condgan.judge import Judge, load_judge, load_second_judge, train_classifier


def memory() -> float:
    """The largest memory of the process so far, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def measured(what: str, num: int, work: Callable[[], object]) -> None:
    """Prints the processor time of a piece of work on so many images."""
    start = time.process_time()
    work()
    seconds = time.process_time() - start
    print(
        f"{what}: {seconds:.1f} s for {num} images, {1000 * seconds / num:.2f} s per 1,000, {memory():.2f} GB",
        flush=True,
    )


def main() -> None:
    """Prints a line for each part of an evaluation, then for whole ones."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=1000, help="images of each part")
    parser.add_argument("--stream", type=int, default=50000, help="images of the last evaluation")
    parser.add_argument("--features", nargs="*", default=[], help="feature spaces, e.g. inception=FILE")
    parser.add_argument("--classifier", action="store_true", help="also train classifiers: minutes")
    options = parser.parse_args()
    torch.set_num_threads(1)
    images, generator = load_images("sample"), load("iclevr")
    first = load_judge(None, images.condition)
    second = load_second_judge(None, first, first_is_embedded=True)
    assert second is not None
    spaces = dict(map(feature_space, options.features))
    num = min(options.images, images.num_training)
    c = images.labels[images.training[:num]]
    pixels = images.images[images.training[:num]]
    measured("generating", num, lambda: generator.generate(c))
    networks: dict[str, Judge | FeatureSpace] = {"judge": first, "second judge": second, **spaces}
    for name, network in networks.items():
        measured(name, num, partial(network.classify, pixels, c))
    lists = dict(images.condition_lists)
    for suite in ("quick", "full"):
        total = num_images(generator, images, lists, 32, suite)
        for again in ("real images not in the cache", "in the cache"):
            measured(
                f"suite {suite}, {again}",
                total,
                partial(evaluate, generator, images, lists, first, suite=suite, second=second, spaces=spaces),
            )
    if options.classifier:
        held_out = images.part(held_out=True)
        some = images.at(images.training[:5000])
        measured("training a classifier", 5000, lambda: train_classifier(some))
        measured("scoring it", len(held_out), lambda: first.classify(held_out.images, held_out.labels))
    before = memory()
    conditions = {"many": c[:50]}
    draws = max(1, options.stream // 50)
    measured(
        f"{50 * draws} images in a list, suite quick",
        num_images(generator, images, conditions, draws, "quick"),
        lambda: evaluate(generator, images, conditions, first, draws=draws, second=second),
    )
    print(f"memory that these add: {memory() - before:.2f} GB")


if __name__ == "__main__":
    with TemporaryDirectory() as temporary:
        os.environ["CONDGAN_CACHE"] = temporary  # so that no real image is known at the start
        main()
