"""Chooses the precision where one process alone finds bfloat16 faster: python -m disagreeing, with torchrun."""

from condgan.machine import fast_precision
from condgan.processes import joined

if __name__ == "__main__":
    with joined() as process:
        seconds = {"no": 1.0, "bf16": 0.1 if process.is_main_process else 2.0}
        print(f"chose {fast_precision(seconds.__getitem__)}", flush=True)
