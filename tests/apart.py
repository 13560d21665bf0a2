"""Continues a run whose folder each process has for itself, as machines do that share none: python -m apart FOLDER."""

import sys
from pathlib import Path

from condgan.budget import Budget
from condgan.errors import InputError
from condgan.processes import accelerator
from contracts import tiny_images
from trainings import make_run


def main(folder: Path) -> None:
    """Prints why the second process, whose folder is new, cannot continue what the first one has."""
    started, images = accelerator(), tiny_images("multi_label")
    run = make_run(folder / str(started.process_index), images, "cdcgan", resume=True, width=4, batch_size=4)
    try:
        list(run.train(images, Budget(kimg=0.016), accelerator=started))
    except InputError as error:
        print(error, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
