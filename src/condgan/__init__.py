"""Conditional GANs: image generators controlled by a class, a set of labels, several attributes or latent codes.

Public names are imported on first use, so that the command line starts without importing torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from condgan.budget import Budget
    from condgan.conditions import Attributes, Class, Codes, Condition, MultiLabel, Unlabelled
    from condgan.config import Config
    from condgan.data import Images, load_images
    from condgan.errors import InputError
    from condgan.generate import LoadedGenerator, load
    from condgan.generated_images import GeneratedImages
    from condgan.judge import Judge, load_judge
    from condgan.networks.splat import Layout
    from condgan.objectives import Batch, Objective
    from condgan.recipes import Recipe
    from condgan.run import Run
    from condgan.sharing import from_pretrained
    from condgan.state import TrainState

__version__ = "0.1.0"
__all__ = [
    "Attributes",
    "Batch",
    "Budget",
    "Class",
    "Codes",
    "Condition",
    "Config",
    "GeneratedImages",
    "Images",
    "InputError",
    "Judge",
    "Layout",
    "LoadedGenerator",
    "MultiLabel",
    "Objective",
    "Recipe",
    "Run",
    "TrainState",
    "Unlabelled",
    "from_pretrained",
    "load",
    "load_images",
    "load_judge",
]

_MODULES = {
    "condgan.budget": ("Budget",),
    "condgan.conditions": ("Attributes", "Class", "Codes", "Condition", "MultiLabel", "Unlabelled"),
    "condgan.config": ("Config",),
    "condgan.data": ("Images", "load_images"),
    "condgan.errors": ("InputError",),
    "condgan.generate": ("LoadedGenerator", "load"),
    "condgan.generated_images": ("GeneratedImages",),
    "condgan.judge": ("Judge", "load_judge"),
    "condgan.networks.splat": ("Layout",),
    "condgan.objectives": ("Batch", "Objective"),
    "condgan.recipes": ("Recipe",),
    "condgan.run": ("Run",),
    "condgan.sharing": ("from_pretrained",),
    "condgan.state": ("TrainState",),
}


def __getattr__(name: str) -> Any:
    for module, names in _MODULES.items():
        if name in names:
            return getattr(import_module(module), name)
    raise AttributeError(f"module 'condgan' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
