"""Compares the speed of our training step with a plain training loop, alternately in one process.

    python benchmarks/training.py [RECIPE ...] [--repeats 5] [--steps 4] [--precision no] [--profile]

The plain loop is written as in the reports: one forward pass for real and one for fake images, gradients of G computed
and discarded in D's step, gradients of all weights in both steps, contiguous tensors, PyTorch's default Adam and
dropout, a DataLoader over decoded images, glibc's default allocator. Both loops train the same networks with the same
objective at the scale of the reports on 64x64 images. The plain loop always uses float32; `--precision` is that of our
loop. There is no plain loop of a recipe with pretraining, of which the game is timed; penalties are computed in every
fourth of its steps, so `--steps` should be a multiple of 4.
"""

import argparse
import statistics
import time
from collections.abc import Iterator
from itertools import chain, repeat

import torch
from accelerate import Accelerator
from torch import nn
from torch.optim import Adam
from torch.profiler import ProfilerActivity, profile
from torch.utils.data import DataLoader, TensorDataset
from torch.utils.flop_counter import FlopCounterMode

from condgan import Batch, Images, TrainState
from condgan.data import shapes
from condgan.data.dataset import to_float
from condgan.machine import fast_precision, keep_freed_memory
from condgan.networks.layers import Dropout
from condgan.recipes import RECIPES, build
from condgan.train import real_batch, train


def plain(name: str, images: Images) -> Iterator[None]:
    """The plain loop. Trains without end and yields after every step."""
    recipe = build(name, {})
    condition = recipe.condition(images.condition)
    generator, discriminator = recipe.generator(condition, 64, 3), recipe.discriminator(condition, 64, 3)
    for path, layer in list(discriminator.named_modules()):
        if isinstance(layer, Dropout):
            discriminator.set_submodule(path, nn.Dropout(layer.p))
    options = recipe.generator_optimizer.keywords
    optimizer_g = Adam(generator.parameters(), lr=options["lr"], betas=options["betas"])
    optimizer_d = Adam(discriminator.parameters(), lr=options["lr"], betas=options["betas"])
    loader = DataLoader(TensorDataset(to_float(images.images), images.labels), recipe.batch_size, True, drop_last=True)
    batches = chain.from_iterable(repeat(loader))
    while True:
        for _ in range(recipe.discriminator_steps):
            real_image, labels = next(batches)
            c = condition.sample(labels)
            optimizer_d.zero_grad()
            fake_image = generator(torch.randn(len(c), generator.latent_dim), condition.encode(c))
            b = Batch(discriminator, condition, c, real_image, fake_image.detach())
            sum(term(b).mean() for term in recipe.objective.discriminator.values()).backward()
            optimizer_d.step()
        for _ in range(recipe.generator_steps):
            optimizer_g.zero_grad()
            fake_image = generator(torch.randn(len(c), generator.latent_dim), condition.encode(c))
            b = Batch(discriminator, condition, c, real_image, fake_image)
            sum(term(b).mean() for term in recipe.objective.generator.values()).backward()
            optimizer_g.step()
        yield


def seconds_per_step(steps: Iterator[object], count: int) -> float:
    """Returns the mean time of `count` steps in seconds."""
    start = time.perf_counter()
    for _ in range(count):
        next(steps)
    return (time.perf_counter() - start) / count


def peak_gflops(dtype: torch.dtype) -> dict[str, float]:
    """Measures the peak throughput of a convolution and of a matrix product on this machine, in GFLOP/s."""
    image = torch.randn(32, 256, 16, 16).to(dtype).contiguous(memory_format=torch.channels_last)
    weight = torch.randn(256, 256, 3, 3).to(dtype).contiguous(memory_format=torch.channels_last)
    matrix = torch.randn(2048, 2048).to(dtype)
    operations = {
        "convolution": (lambda: torch.nn.functional.conv2d(image, weight, padding=1), 2 * 32 * 256 * 256 * 9 * 256),
        "matmul": (lambda: matrix @ matrix, 2 * 2048**3),
    }
    peak = {}
    for name, (run, flops) in operations.items():
        times = []
        for _ in range(12):
            start = time.perf_counter()
            run()
            times.append(time.perf_counter() - start)
        peak[name] = flops / min(times) / 1e9
    return peak


def benchmark(name: str, images: Images, repeats: int, steps: int, precision: str) -> None:
    """Prints the speed of both loops, their ratio, the share of peak throughput, and the cost of loading a batch."""
    state = after_pretraining(name, images, precision)
    ours, theirs = train(state, images), None if state.phases else plain(name, images)
    our_times, their_times = [], []
    for _ in range(repeats):
        if theirs:
            keep_freed_memory(False)
            seconds_per_step(theirs, 1)  # warms up caches and allocator
            their_times.append(seconds_per_step(theirs, steps))
            keep_freed_memory()
        seconds_per_step(ours, 1)
        our_times.append(seconds_per_step(ours, steps))
    with FlopCounterMode(display=False) as counter:
        for _ in range(steps):
            next(ours)
    start = time.perf_counter()
    for _ in range(20):
        real_batch(state, images)
    data_seconds = (time.perf_counter() - start) / 20
    our_seconds = statistics.median(our_times)
    gflops = counter.get_total_flops() / steps / our_seconds / 1e9
    peak = peak_gflops(torch.bfloat16 if precision == "bf16" else torch.float32)
    setting = f"batch {state.recipe.batch_size}, {torch.get_num_threads()} threads, precision {precision}"
    print(f"{name}, {setting}, {repeats} repeats of {steps} steps each")
    num_images = 1000 * state.step_kimg
    print(f"  condgan      {num_images / our_seconds:7.1f} images/s")
    if theirs:
        ratios = [a / b for a, b in zip(their_times, our_times, strict=True)]
        print(f"  plain loop   {num_images / statistics.median(their_times):7.1f} images/s")
        print(f"  ratio        {statistics.median(ratios):7.2f}  (from {min(ratios):.2f} to {max(ratios):.2f})")
    shares = ", ".join(f"{gflops / most:.0%} of the {operation} peak" for operation, most in peak.items())
    print(f"  arithmetic   {gflops:7.1f} GFLOP/s, {shares}")
    print(f"  data path    {data_seconds / our_seconds:7.2%} of a step")


def after_pretraining(name: str, images: Images, precision: str) -> TrainState:
    """Returns the state of a training whose pretraining is over, although no network has learned anything."""
    state = TrainState(build(name, {}), images, 0, Accelerator(mixed_precision=precision))
    for phase in state.phases:
        phase.step = phase.num_steps
    return state


def print_profile(name: str, images: Images, precision: str) -> None:
    """Prints the operators in which two of our steps spend most time, by input shapes."""
    ours = train(after_pretraining(name, images, precision), images)
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
    # FlopCounterMode cannot count the gradient penalty of wgan_gp, and layout has no plain loop to compare with.
    parser.add_argument("recipes", nargs="*", default=[name for name in RECIPES if name not in ("wgan_gp", "layout")])
    parser.add_argument("--repeats", type=int, default=5, help="measurements of each loop")
    parser.add_argument("--steps", type=int, default=4, help="steps in a measurement")
    parser.add_argument("--precision", choices=["no", "bf16", "auto"], default="no", help="precision of our loop")
    parser.add_argument("--profile", action="store_true", help="also print the slowest operators of our step")
    arguments = parser.parse_args()
    precision = fast_precision() if arguments.precision == "auto" else arguments.precision
    images = shapes(num_images=2000)
    for name in arguments.recipes:
        benchmark(name, images, arguments.repeats, arguments.steps, precision)
        if arguments.profile:
            print_profile(name, images, precision)


if __name__ == "__main__":
    main()
