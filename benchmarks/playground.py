"""Times what `condgan play` does for one image: generating, the judge, encoding, HTML.

    python benchmarks/playground.py [--model iclevr] [--repeats 50]

Prints the median and the largest time in milliseconds, of the clock and of the processor, after a warm-up.
"""

import argparse
import statistics
import time

import torch

from condgan.playground.playground import Playground
from condgan.playground.settings import ImageSettings


def main() -> None:
    """Prints the times."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", default="iclevr")
    parser.add_argument("--repeats", type=int, default=50)
    options = parser.parse_args()
    playground = Playground.load(options.model)
    text = playground.generator.condition.describe(playground.first)
    print(f"{options.model}, {torch.get_num_threads()} threads, judge: {playground.judge is not None}")
    for count in (1, 4, 16):
        clock, processor = [], []
        for seed in range(options.repeats + 5):
            start = time.perf_counter(), time.process_time()
            playground.show(ImageSettings(text, seed, count))
            clock.append(1000 * (time.perf_counter() - start[0]))
            processor.append(1000 * (time.process_time() - start[1]))
        numbers = [f"{statistics.median(times[5:]):.1f} (largest {max(times[5:]):.1f})" for times in (clock, processor)]
        print(f"{count} images: {numbers[0]} ms, of the processor {numbers[1]} ms")


main()
