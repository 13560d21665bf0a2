"""Recipes that go wrong on purpose, for `faulty:diverging` and the like."""

import os
import signal
from dataclasses import replace

from pydantic import validate_call

from condgan.objectives import Batch, Objective, non_saturating
from condgan.recipes import Recipe, cdcgan


def _tiny(**options: int) -> Recipe:
    return cdcgan(width=4, latent_dim=8, batch_size=4, **options)


@validate_call
def steady(*, num_epochs: int = 1000) -> Recipe:
    """Nothing goes wrong."""
    return _tiny(num_epochs=num_epochs)


@validate_call
def diverging(*, at_step: int = 6) -> Recipe:
    """The losses turn NaN."""
    return replace(_tiny(), objective=weighted(lambda r: float("nan") if r.step >= at_step else 1, non_saturating))


@validate_call
def interrupted(*, at_step: int = 6) -> Recipe:
    """Somebody presses Ctrl-C."""

    def press(r: Batch) -> float:
        if r.step == at_step:
            os.kill(os.getpid(), signal.SIGINT)
        return 0

    wait = weighted(press, Objective(discriminator={"wait": lambda r: r.real.score}))
    return replace(_tiny(), objective=non_saturating + wait)
