"""Images per second of a training step, ours against the plainest correct loop, in alternation in one process.

    python benchmarks/training.py [RECIPE ...] [--rounds 5] [--steps 4] [--precision no] [--profile]

The plain loop is written as the reports write it: one pass over real and one over fake images, fakes of D's step made
with their graph and detached, all weight gradients in both steps, contiguous tensors, Adam and dropout as they come, a
DataLoader over decoded images, glibc's allocator as it comes. Both play the same networks with the same objective at
report scale on 64x64 images, in float32; with --precision bf16 (or auto) ours does not.
"""

import argparse
import statistics
import time
from collections.abc import Iterator

import torch
from accelerate import Accelerator
from torch import nn
from torch.optim import Adam
from torch.profiler import ProfilerActivity, profile
from torch.utils.data import DataLoader, TensorDataset
from torch.utils.flop_counter import FlopCounterMode

from condgan import recipes
from condgan.data import Images, shapes
from condgan.data.dataset import to_float
from condgan.machine import fast_precision, keep_freed_memory
from condgan.networks.layers import Dropout
from condgan.objectives import Batch
from condgan.state import TrainState
from condgan.train import batch, train


def plain(name: str, images: Images) -> Iterator[None]:
    """The reports' loop: endless, yields after every round."""
    recipe = recipes.build(name, {})
    condition = images.condition
    generator, discriminator = recipe.generator(condition, 64, 3), recipe.discriminator(condition, 64, 3)
    for i, layer in enumerate(discriminator.body):
        if isinstance(layer, Dropout):
            discriminator.body[i] = nn.Dropout(layer.p)
    options = recipe.generator_optimizer.keywords
    optimizer_g = Adam(generator.parameters(), lr=options["lr"], betas=options["betas"])
    optimizer_d = Adam(discriminator.parameters(), lr=options["lr"], betas=options["betas"])
    loader = DataLoader(TensorDataset(to_float(images.images), images.labels), recipe.batch_size, True, drop_last=True)
    while True:
        for real_image, c in loader:
            optimizer_d.zero_grad()
            fake_image = generator(torch.randn(len(c), generator.latent_dim), condition.encode(c))
            r = Batch(discriminator, condition, c, real_image, fake_image.detach())
            sum(term(r).mean() for term in recipe.objective.discriminator.values()).backward()
            optimizer_d.step()
            for _ in range(recipe.generator_steps):
                optimizer_g.zero_grad()
                fake_image = generator(torch.randn(len(c), generator.latent_dim), condition.encode(c))
                r = Batch(discriminator, condition, c, real_image, fake_image)
                sum(term(r).mean() for term in recipe.objective.generator.values()).backward()
                optimizer_g.step()
            yield


def seconds_per_step(steps: Iterator[object], count: int) -> float:
    """Mean over `count` steps."""
    start = time.perf_counter()
    for _ in range(count):
        next(steps)
    return (time.perf_counter() - start) / count


def peak_gflops(dtype: torch.dtype) -> dict[str, float]:
    """The best of what this machine does in a convolution and in a matrix product, in GFLOP/s."""
    image = torch.randn(32, 256, 16, 16).to(dtype).contiguous(memory_format=torch.channels_last)
    weight = torch.randn(256, 256, 3, 3).to(dtype).contiguous(memory_format=torch.channels_last)
    matrix = torch.randn(2048, 2048).to(dtype)
    work = {
        "convolution": (lambda: torch.nn.functional.conv2d(image, weight, padding=1), 2 * 32 * 256 * 256 * 9 * 256),
        "matmul": (lambda: matrix @ matrix, 2 * 2048**3),
    }
    best = {}
    for name, (run, flops) in work.items():
        times = []
        for _ in range(12):
            start = time.perf_counter()
            run()
            times.append(time.perf_counter() - start)
        best[name] = flops / min(times) / 1e9
    return best


def benchmark(name: str, images: Images, rounds: int, steps: int, precision: str) -> None:
    """Prints both speeds, their ratio, the share of the peak and the share of the data path."""
    recipe = recipes.build(name, {})
    accelerator = Accelerator(mixed_precision=precision)
    players = TrainState(recipe, images, 0, accelerator)
    ours, theirs = train(players, images), plain(name, images)
    pairs = []
    for _ in range(rounds):
        keep_freed_memory(False)
        seconds_per_step(theirs, 1)  # warms caches and allocator
        plain_time = seconds_per_step(theirs, steps)
        keep_freed_memory()
        seconds_per_step(ours, 1)
        pairs.append((plain_time, seconds_per_step(ours, steps)))
    with FlopCounterMode(display=False) as counter:
        next(ours)
    start = time.perf_counter()
    for _ in range(20):
        batch(players, images)
    data_seconds = (time.perf_counter() - start) / 20
    plain_seconds, our_seconds = (statistics.median(times) for times in zip(*pairs, strict=True))
    ratios = [a / b for a, b in pairs]
    gflops = counter.get_total_flops() / our_seconds / 1e9
    peak = peak_gflops(torch.bfloat16 if precision == "bf16" else torch.float32)
    setting = f"batch {recipe.batch_size}, {torch.get_num_threads()} threads, precision {precision}"
    print(f"{name}, {setting}, {rounds} rounds of {steps} steps each")
    print(f"  plain loop   {recipe.batch_size / plain_seconds:7.1f} images/s")
    print(f"  condgan      {recipe.batch_size / our_seconds:7.1f} images/s")
    print(f"  ratio        {statistics.median(ratios):7.2f}  (from {min(ratios):.2f} to {max(ratios):.2f})")
    shares = ", ".join(f"{gflops / most:.0%} of the {work} peak" for work, most in peak.items())
    print(f"  arithmetic   {gflops:7.1f} GFLOP/s, {shares}")
    print(f"  data path    {data_seconds / our_seconds:7.2%} of a step")


def profiled(name: str, images: Images, precision: str) -> None:
    """Prints where two of our steps spend their time, by operator and shapes."""
    players = TrainState(recipes.build(name, {}), images, 0, Accelerator(mixed_precision=precision))
    ours = train(players, images)
    seconds_per_step(ours, 2)
    with profile(activities=[ProfilerActivity.CPU], record_shapes=True) as profiler:
        seconds_per_step(ours, 2)
    events = sorted(profiler.key_averages(group_by_input_shape=True), key=lambda event: -event.self_cpu_time_total)
    total = sum(event.self_cpu_time_total for event in events)
    for event in events[:12]:
        share = event.self_cpu_time_total / total
        print(f"  {share:5.1%}  {event.key:28} {event.input_shapes[:3]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipes", nargs="*", default=list(recipes.RECIPES))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--precision", choices=["no", "bf16", "auto"], default="no")
    parser.add_argument("--profile", action="store_true", help="also print our step's operators")
    arguments = parser.parse_args()
    precision = fast_precision() if arguments.precision == "auto" else arguments.precision
    for name in arguments.recipes:
        images = shapes(num_images=2000)
        benchmark(name, images, arguments.rounds, arguments.steps, precision)
        if arguments.profile:
            profiled(name, images, precision)


if __name__ == "__main__":
    main()
