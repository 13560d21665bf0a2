"""The device, and the processes that train or score together, as `torchrun` or `accelerate launch` started them."""

import gc
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

import torch
from accelerate import Accelerator, DistributedDataParallelKwargs, PartialState
from accelerate.state import AcceleratorState
from accelerate.utils import gather_object, parse_flag_from_env
from torch.distributed import DistError
from torch.distributed.rendezvous import rendezvous

from condgan.errors import InputError, did_you_mean, first_line

T = TypeVar("T")
R = TypeVar("R")

NUMBERS = ("RANK", "WORLD_SIZE", "LOCAL_RANK")  # what a launcher tells every process it starts
ADDRESS = ("MASTER_ADDR", "MASTER_PORT")  # where the processes meet
_chosen: list[torch.device] = []  # by a person, at most one


def use_device(name: str | None) -> None:
    """Makes `fast_device` return this device from now on, e.g. "cpu" or "cuda:1"; None is the fastest.

    Raises InputError if there is no such device, or if a launcher gives each of several processes one.
    """
    _chosen[:] = []
    if name is None:
        return
    fastest = fast_device()
    known = ["cpu"] if fastest.type == "cpu" else ["cpu", fastest.type]
    known += [f"{kind}:{i}" for kind in known if kind != "cpu" for i in range(torch.accelerator.device_count())]
    if name not in known:
        raise InputError(f"--device: found {name!r}, expected one of {', '.join(known)}{did_you_mean(name, known)}")
    if ":" in name:
        if int(os.environ.get("WORLD_SIZE", 1)) > 1:
            raise InputError(f"--device: found {name!r} for several processes, expected {fastest.type} or cpu")
        torch.accelerator.set_device_index(int(name.partition(":")[2]))  # which accelerate takes, too
    _chosen.append(torch.device(name))


def fast_device() -> torch.device:
    """Returns the device that was chosen by `use_device`, by default the accelerator if there is one, else the CPU."""
    if _chosen:
        return _chosen[0]
    return torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")


def device_name() -> str:
    """Returns what the accelerator calls itself, e.g. "NVIDIA H100 80GB HBM3", or "" on a CPU."""
    device = fast_device()
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return "" if device.type == "cpu" else device.type


def accelerator(precision: str = "no") -> Accelerator:
    """Returns accelerate's view of device, precision and processes, as started by `torchrun` or `accelerate launch`.

    A process may ask again with another precision, e.g. for the next training of a notebook; use only the newest.
    Buffers are not broadcast before each forward pass: that would overwrite, between the two passes of D, tensors that
    its backward pass needs. `train` averages the statistics of batch norm after each step instead. Raises InputError
    like `processes`.
    """
    processes()
    # torch's new option would still exchange buffers at the start, which are equal already
    warnings.filterwarnings("ignore", "`broadcast_buffers` is deprecated", FutureWarning)
    # of weights of 1x1 convolutions, whose memory order is the same by several names
    warnings.filterwarnings("ignore", "Grad strides do not match bucket view strides", UserWarning)
    AcceleratorState._reset_state()  # accelerate keeps the first precision for the life of the process
    handler = DistributedDataParallelKwargs(broadcast_buffers=False)
    return Accelerator(mixed_precision=precision, cpu=_uses_cpu(), kwargs_handlers=[handler])


def processes() -> PartialState:
    """Joins the other processes of this job, if there are any, and returns accelerate's view of them.

    Raises InputError if only some of a launcher's variables are set, e.g. left over from a cluster's job, or if the
    others do not come within CONDGAN_JOIN_SECONDS, by default 300.
    """
    if PartialState._shared_state:
        return PartialState()
    _check_launcher(os.environ)
    number = int(os.environ.get("WORLD_SIZE", 1))
    return PartialState(cpu=_uses_cpu(), **(_meet(number) if number > 1 else {}))


def _meet(num_processes: int) -> dict[str, Any]:
    """Returns what torch needs to connect the processes, once all have come. Raises InputError if they do not.

    This wait is shorter than what torch waits for a process that computes something alone, which may take long.
    """
    seconds = os.environ.get("CONDGAN_JOIN_SECONDS", "300")
    if not seconds.isdecimal() or int(seconds) < 1:
        raise InputError(f"CONDGAN_JOIN_SECONDS: found {seconds!r}, expected a number of seconds, e.g. 300")
    rank, address, port = (os.environ[name] for name in ("RANK", *ADDRESS))
    try:
        store, number, _ = next(rendezvous("env://", timeout=timedelta(seconds=int(seconds))))
        return {"store": store, "rank": number, "world_size": num_processes}
    except (DistError, ValueError) as error:
        reason = first_line(error)
        raise InputError(
            f"process {rank} of {num_processes} (RANK, WORLD_SIZE) did not meet the others at {address}:{port} "
            f"(MASTER_ADDR, MASTER_PORT) within {seconds} seconds: {reason}. Start all {num_processes}, or set "
            f"CONDGAN_JOIN_SECONDS to wait longer; to use one process: unset {' '.join((*NUMBERS, *ADDRESS))}"
        ) from None


@contextmanager
def joined() -> Iterator[PartialState]:
    """Joins the other processes of this job, and at the end waits for them before it leaves."""
    state = processes()
    yield state
    leave(state)


def leave(state: PartialState) -> None:
    """Waits for the other processes of this job, and ends the communication with them."""
    state.wait_for_everyone()  # a process that exits early would abort the communication of the others
    gc.collect()  # wrapped networks, which are in reference cycles, have to go before their process group
    state.destroy_process_group()


def map_over_processes(work: Callable[[T], R], tasks: Iterable[T]) -> list[R]:
    """Returns `work(task)` for each task, in order, on every process. Each process does every n-th of them.

    >>> map_over_processes(str, [1, 2, 3])
    ['1', '2', '3']
    """
    state, tasks = processes(), list(tasks)
    own = [work(task) for task in tasks[state.process_index :: state.num_processes]]
    shares = gather_object([own])
    return [shares[i % state.num_processes][i // state.num_processes] for i in range(len(tasks))]


def _uses_cpu() -> bool:
    """Whether to train on the CPU. Without being told, accelerate joins the processes of `torchrun` on GPUs only."""
    return bool(parse_flag_from_env("ACCELERATE_USE_CPU")) or fast_device().type == "cpu"


def _check_launcher(environment: Mapping[str, str]) -> None:
    """Raises InputError if a launcher's variables are incomplete, not numbers or contradict each other."""
    found = {name: environment[name] for name in (*NUMBERS, *ADDRESS) if name in environment}
    numbers = {name: value for name, value in found.items() if name in NUMBERS}
    missing = [name for name in (*NUMBERS, *ADDRESS) if name not in found]
    wrong = [f"{name}={value}" for name, value in numbers.items() if not value.isdecimal()]
    if wrong:
        expected = f"expected a number in {', '.join(wrong)}"
    elif numbers and missing:
        expected = f"but not {', '.join(missing)}"
    elif numbers and int(found["RANK"]) >= int(found["WORLD_SIZE"]):
        expected = "expected a RANK below WORLD_SIZE"
    else:
        return
    settings = ", ".join(f"{name}={value}" for name, value in numbers.items())
    raise InputError(
        f"found the variables {settings} of a launcher of several processes, {expected}; start with torchrun, or to "
        f"use one process: unset {' '.join(found)}"
    )
