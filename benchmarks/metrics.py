"""Measures what each metric of features costs, in seconds of one processor core and memory.

taskset -c 0 python benchmarks/metrics.py [--images 2000 10000] [--features 160]
"""

import argparse
import resource
import time

import torch

from condgan.conditions import Class
from condgan.judge import Samples
from condgan.metrics import FEATURE_METRICS, FeatureStatistics, frechet_distance, memorisation


def samples(num: int, num_features: int, seed: int) -> Samples:
    """Samples of ten classes with features like those of a judge, which are not negative."""
    random = torch.Generator().manual_seed(seed)
    features = torch.randn(num, num_features, generator=random).relu()
    return Samples(torch.arange(num) % 10, torch.zeros(num, 10), features)


def seconds(start: float) -> str:
    """Processor time since the start, and the largest memory of the process so far."""
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return f"{time.process_time() - start:.2f} s, at most {memory:.2f} GB"


def main() -> None:
    """Prints a line for each metric and number of images."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, nargs="+", default=[2000, 10000], help="numbers of fakes, and of reals")
    parser.add_argument("--features", type=int, default=160, help="features of an image")
    options = parser.parse_args()
    torch.set_num_threads(1)
    condition = Class([str(i) for i in range(10)])
    for num in options.images:
        start = time.process_time()
        streams = [
            FeatureStatistics.of(
                samples(1000, options.features, seed).features for seed in range(first, first + num // 1000)
            )
            for first in (0, num)
        ]
        print(f"{num} fakes and {num} reals: fid, streamed: {frechet_distance(*streams).value:.4f}, {seconds(start)}")
        fakes, reals = (samples(num, options.features, seed) for seed in (1, 2))
        for name, metric in FEATURE_METRICS.items():
            start = time.process_time()
            value = metric(fakes, reals, condition).value
            print(f"{num} fakes and {num} reals: {name}: {value:.4f}, {seconds(start)}", flush=True)
        start = time.process_time()
        memorisation(fakes.features, samples(num, options.features, 3).features, reals.features)
        print(f"{num} fakes, {num} training images, {num} held out: memorisation: {seconds(start)}", flush=True)


if __name__ == "__main__":
    main()
