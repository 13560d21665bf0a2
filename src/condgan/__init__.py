"""GANs that obey: image generators steered by a class, a set of labels, several attributes or codes.

The public words are imported when first used, so that the command line starts without torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from condgan.conditions import Attributes, Class, Codes, MultiLabel
    from condgan.data import Images
    from condgan.generate import load
    from condgan.objectives import Objective
    from condgan.recipes import Recipe

__version__ = "0.1.0"
__all__ = ["Attributes", "Class", "Codes", "Images", "MultiLabel", "Objective", "Recipe", "load"]

_HOMES = {
    "condgan.conditions": ("Attributes", "Class", "Codes", "MultiLabel"),
    "condgan.data": ("Images",),
    "condgan.generate": ("load",),
    "condgan.objectives": ("Objective",),
    "condgan.recipes": ("Recipe",),
}


def __getattr__(name: str) -> Any:
    for home, words in _HOMES.items():
        if name in words:
            return getattr(import_module(home), name)
    raise AttributeError(f"module 'condgan' has no attribute {name!r}")
