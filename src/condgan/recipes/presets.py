"""Presets: named sets of options of a recipe, and the recipe that is chosen when none is named."""

from collections.abc import Mapping
from typing import Any

from condgan.conditions import Condition
from condgan.errors import InputError, did_you_mean

DEFAULT_RECIPE = "layout"

# `laptop` is for two CPU cores: narrow networks and, where a small budget would not change them enough, small batches
# and higher learning rates. The defaults of recipes are those of their sources.
#
# `classes` is for images of one class each. If D learns to classify during the game, images of a class become alike;
# pixels that are black or white saturate tanh; and higher learning rates gave digits a higher KID. See docs/trials.md.
PRESETS: dict[str, dict[str, dict[str, Any]]] = {
    "cdcgan": {"laptop": {"width": 32, "learning_rate": 5e-4, "ema_half_life_kimg": 2}},
    "acgan": {
        "laptop": {
            "width": 32,
            "batch_size": 32,
            "generator_steps": 1,
            "dropout": 0.3,
            "learning_rate": 3e-4,
            "aux_weight": 10,
            "classify_fakes": False,
            "ema_half_life_kimg": 2,
        }
    },
    "acgan_attributes": {"laptop": {"width": 32, "classify_fakes": False, "ema_half_life_kimg": 2}},
    "infogan": {"laptop": {"width": 64, "discriminator_width": 32, "augment": 0.2, "ema_half_life_kimg": 10}},
    "sagan": {
        "laptop": {
            "width": 32,
            "batch_size": 32,
            "learning_rate": 2.5e-4,
            "discriminator_learning_rate": 1e-3,
            "beta1": 0.5,
            "beta2": 0.999,
            "ema_half_life_kimg": 2,
        }
    },
    "dcgan": {"laptop": {"width": 32, "batch_size": 32, "learning_rate": 5e-4, "ema_half_life_kimg": 2}},
    "layout": {"classes": {"tanh": False, "classification_weight": 0, "learning_rate": "final:0.0008:1.6e-05"}},
    "wgan_gp": {"laptop": {"width": 32, "discriminator_steps": 1, "ema_half_life_kimg": 2}},
    "projection": {
        "laptop": {
            "width": 16,
            "discriminator_steps": 1,
            "batch_size": 32,
            "learning_rate": 5e-4,
            "ema_half_life_kimg": 2,
        }
    },
}


def default_preset(condition: Condition) -> str | None:
    """Returns the preset of the default recipe for a data set: `classes` if each image has one class, otherwise none.

    >>> from condgan.conditions import Class, MultiLabel
    >>> default_preset(Class(["cat", "dog"])), default_preset(MultiLabel(["cat", "dog"]))
    ('classes', None)
    """
    return "classes" if [control.multiple for control in condition.controls] == [False] else None


def preset_options(recipe: str, name: str | None) -> Mapping[str, Any]:
    """Returns the options of a recipe's preset; none without a name.

    Raises InputError naming the known presets if there is none of that name.

    >>> preset_options("cdcgan", "laptop")
    {'width': 32, 'learning_rate': 0.0005, 'ema_half_life_kimg': 2}
    """
    if name is None:
        return {}
    known = PRESETS.get(recipe, {})
    if not known:
        raise InputError(f"--preset {name}: recipe {recipe} has no presets; use its defaults, or --set NAME=VALUE")
    if name not in known:
        found = f"--preset {name}: recipe {recipe} has no such preset{did_you_mean(name, known)}"
        raise InputError(f"{found} (known: {', '.join(known)})")
    return known[name]
