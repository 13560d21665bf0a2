"""What `condgan train` makes of its options: length, recipe, precision, and what is kept and scored."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from condgan.cli.early import check_data, check_recipe
from condgan.cli.options import parse_options
from condgan.cli.settings import is_given, refuse_code
from condgan.errors import InputError

if TYPE_CHECKING:
    from condgan.budget import Budget
    from condgan.callbacks import Callback
    from condgan.data import Images
    from condgan.machine import Speed
    from condgan.recipes import Recipe
    from condgan.saves import Keep


def check_numbers(options: Mapping[str, float | None]) -> None:
    """Raises InputError for an option whose number is not positive and finite; None is an option that was not given."""
    for option, number in options.items():
        if number is not None and not 0 < number < float("inf"):
            raise InputError(f"--{option.replace('_', '-')}: found {number:g}, expected a positive number")


def length(context: typer.Context, lengths: Mapping[str, float | None]) -> tuple[str, float] | None:
    """Returns the unit and number of the length, if one was chosen; that of the command line before that of a file.

    Raises InputError if there are several.
    """
    chosen = {name: number for name, number in lengths.items() if number is not None}
    chosen = {name: number for name, number in chosen.items() if is_given(context, name)} or chosen
    if len(chosen) > 1:
        raise InputError(f"found --{' and --'.join(chosen)}, expected one of them")
    return next(iter(chosen.items()), None)


def check_names(context: typer.Context, recipe: str | None, data: str, options: Iterable[str]) -> None:
    """Raises InputError for a misspelt recipe, option or data set, and for code that a file chose."""
    if recipe is not None:
        if ":" in recipe:
            refuse_code(context, "recipe", recipe)
        check_recipe(recipe, parse_options(options))
    if check_data(data):
        refuse_code(context, "data", data)


def build(
    context: typer.Context, recipe: str, preset: str | None, options: Iterable[str]
) -> tuple[dict[str, Any], Recipe]:
    """Returns the chosen options of a recipe, as they were given, and the recipe built with them.

    Options of the command line override those of a file, and single options those of a preset. Raises InputError for
    an unknown recipe, preset or option, and for a value that an option cannot have.
    """
    from condgan import recipes
    from condgan.recipes.presets import preset_options

    recipes.use(recipe)
    of_preset, of_file = preset_options(recipe, preset), context.obj.options
    base = {**of_file, **of_preset} if is_given(context, "preset") else {**of_preset, **of_file}
    chosen = {**base, **parse_options(options)}
    return chosen, recipes.build(recipe, chosen)


def default_words(preset: str | None) -> str:
    """Returns what to say about the default recipe, trained with a preset or without one."""
    from condgan.recipes.presets import DEFAULT_RECIPE

    words = f"{DEFAULT_RECIPE} --preset {preset}" if preset else DEFAULT_RECIPE
    return f"recipe {words}, the default for these labels; for another one see condgan recipes"


def check_trainable(recipe: Recipe, images: Images, num_processes: int, data: str, name: str | None) -> None:
    """Raises InputError if a recipe cannot be trained on a data set. `name` is None for the default recipe."""
    from condgan.recipes.presets import DEFAULT_RECIPE
    from condgan.recipes.recipe import LABEL_THEM
    from condgan.state import check_trainable

    if name is None and not images.condition.is_labelled:
        advice = f"{LABEL_THEM}, or try condgan train infogan --data {data}"
        raise InputError(f"--data {data}: found no labels, which {DEFAULT_RECIPE}, the default recipe, needs; {advice}")
    try:
        check_trainable(recipe, images, num_processes)
    except InputError as error:
        raise InputError(f"--data {data}: recipe {name or DEFAULT_RECIPE}: {error}") from None


def kept(keep: Keep | None, folder: Path, callback: Callback | None) -> Keep:
    """Returns which checkpoints are kept: those of --keep, by default as before in the folder of the run.

    Raises InputError if the best is to be kept and nothing scores the saves.
    """
    from condgan.saves import read_keep

    kept = keep or read_keep(folder)
    if kept.best and callback is None:
        found = f"--keep {kept}: found no judge that scores the saves"
        raise InputError(f"{found}, expected one for best; name it with --judge, or leave out best")
    return kept


def precision(precision: str, folder: Path | None, measured: Callable[[str], Mapping[str, Speed]]) -> str:
    """Returns the precision that `auto` stands for: that of the run that continues in the folder, or the faster one."""
    from condgan.cli.length import precision_before
    from condgan.machine import fast_precision
    from condgan.state import GAME

    if precision != "auto":
        return precision
    before = precision_before(folder) if folder else None
    return before or fast_precision(lambda each: 1 / measured(each)[GAME].images_per_second)


def budget(recipe: Recipe, images: Images, length: tuple[str, float] | None, minutes: float | None) -> Budget:
    """Returns the length of a training; by default all epochs of the recipe."""
    from condgan.budget import Budget

    if length is None and minutes is not None:
        return Budget(minutes=minutes)
    unit, number = length or ("epochs", recipe.num_epochs)
    images_of = {"kimg": 1000, "epochs": images.num_training, "steps": recipe.discriminator_steps * recipe.batch_size}
    return Budget(number * images_of[unit] / 1000, minutes)


def callback(recipe: Recipe, images: Images, judge: Path | None) -> Callback | None:
    """Returns the callback that scores every save, if there are held-out labels and a judge for them.

    Raises InputError like `load_judge`, and if a judge is named though there are no labels.
    """
    from condgan.callbacks import accuracy_at_saves
    from condgan.judge import judge_for
    from condgan.processes import fast_device

    if judge and not images.labels.numel():
        raise InputError(f"--judge {judge}: found no labels that a judge could recognise; leave it out")
    if not images.labels.numel() or not images.held_out.any():
        return None
    classifier = judge_for(images.condition, judge)
    if classifier is None:
        return None
    return accuracy_at_saves(images, classifier.to(fast_device()), recipe.condition(images.condition))
