"""Commands that use a trained generator: generate, vocabulary."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from condgan import files
from condgan.cli.console import console
from condgan.cli.options import DeviceOption, RecipeOption, use_recipes
from condgan.errors import InputError
from condgan.shipped import check_model

if TYPE_CHECKING:
    from torch import Tensor

    from condgan.generate import LoadedGenerator

app = typer.Typer()

COUNT, FRAMES, MAX_IMAGES = 16, 24, 100_000
OTHER_PICTURES = (".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".mp4")  # not taken for names of folders


def _checked(run: Path) -> Path:
    check_model(run)  # before torch is imported, which takes seconds
    return run


ModelArgument = Annotated[
    Path,
    typer.Argument(
        metavar="RUN",
        callback=_checked,
        help="Folder of a run or of a shared model, a checkpoint RUN/checkpoints/N.pt, a generator.safetensors, or a "
        "shipped generator.",
    ),
]


@app.command()
def generate(
    conditions: Annotated[
        list[str],
        typer.Option("--condition", help='What to generate, e.g. "red cube, blue cylinder"; can be repeated.'),
    ],
    run: ModelArgument = Path("iclevr"),
    place: Annotated[
        list[str],
        typer.Option(
            "--place",
            metavar="LABEL=X,Y",
            help="Place an object: x to the right and y down, in [-1, 1]; can be repeated. Recipes with a layout only.",
        ),
    ] = [],  # noqa: B006
    count: Annotated[
        int | None,
        typer.Option(
            "--count",
            min=1,
            help=f"Images of each condition and seed. Default: {COUNT}; 1 with several seeds or into one PNG.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="Folder for the images; FILE.png for one image, or a grid of several; FILE.gif for an interpolation "
            "through all conditions and seeds. Default: a new folder RUN/generated, RUN/generated-2, ...",
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the images of an earlier call in the folder.")
    ] = False,
    seed: Annotated[
        list[str],
        typer.Option("--seed", metavar="SEEDS", help="Random seed, or several, e.g. 0,5 or 0-9; can be repeated."),
    ] = ["0"],  # noqa: B006
    frames: Annotated[
        int, typer.Option("--frames", min=1, help="Frames of a GIF from one condition or seed to the next.")
    ] = (FRAMES),
    truncation: Annotated[
        float,
        typer.Option(
            "--truncation", help="Factor for the latents, above 0 and at most 1. Below 1, images are less varied."
        ),
    ] = 1.0,
    recipe: RecipeOption = [],  # noqa: B006
    device: DeviceOption = None,
) -> dict[str, Any]:
    """Generate images: a PNG for each, named by its condition and seed, and a grid of all."""
    import torch

    from condgan.cli.seeds import parse_seeds
    from condgan.generate import load
    from condgan.grid import gif, grid, picture_of, png
    from condgan.image_folder import GRID, Shown, earlier_files, file_names, free_folder, write_images
    from condgan.interpolation import walk
    from condgan.processes import fast_device, use_device

    note = "" if truncation == 1 else f", truncation {truncation:g}"
    seeds, suffix = parse_seeds(seed), out.suffix.lower() if out else ""
    if suffix in OTHER_PICTURES:
        raise InputError(f"--out {out}: expected a folder, FILE.png or FILE.gif")
    use_recipes(recipe)
    use_device(device)
    generator = load(run).to(fast_device())
    texts = generator.condition.describe_all(generator.batch(conditions))
    settings = [(text, each) for text in texts for each in seeds]
    if out and suffix == ".gif":
        if len(settings) < 2 or place or count:
            raise InputError(
                f"--out {out}: expected at least two conditions or seeds to interpolate between, e.g. --seed 0-3, and "
                "neither --count nor --place"
            )
        _check_number((len(settings) - 1) * frames)
        files.write(out, gif([picture_of(image) for image in walk(generator, settings, frames, truncation)]))
        console.print(f"wrote {out}{note}")
        return {"files": [out]}
    settings = list(dict.fromkeys(settings))  # a condition that is given twice is needed for an interpolation only
    count = count or (1 if suffix == ".png" or len(seeds) > 1 else COUNT)
    _check_number(len(settings) * count)
    folder = out or free_folder((run if run.is_dir() else run.parent) / "generated")
    replaced = earlier_files(folder, overwrite) if suffix != ".png" else set[str]()
    images = torch.cat([_images(generator, text, each, count, place, truncation) for text, each in settings])
    columns = 8 if len(settings) == 1 or count > 16 else count if count > 1 else len(seeds)
    if out and suffix == ".png":
        files.write(out, png(picture_of(images[0]) if len(images) == 1 else grid(images, columns)))
        what = "one image" if len(images) == 1 else f"a grid of {len(images)} images"
        console.print(f"wrote {out}: {what}{note}")
        return {"files": [out]}
    shown = [Shown(text, each, i) for text, each in settings for i in range(count)]
    facts = {"model": run.absolute().name, "places": place, "truncation": truncation}
    for name in replaced:
        (folder / name).unlink(missing_ok=True)
    write_images(folder, images, shown, columns, facts)
    console.print(f"wrote {len(images)} images and {folder / GRID}{note}")
    return {"files": [folder / name for name in (*file_names(shown), GRID)]}


@app.command()
def vocabulary(run: ModelArgument = Path("iclevr"), recipe: RecipeOption = []) -> dict[str, Any]:  # noqa: B006
    """List the labels or codes that a generator accepts."""
    from condgan.generate import load

    use_recipes(recipe)
    condition = load(run).condition
    console.print(f"{run.name}: {condition.summary}")
    for control in condition.controls:
        kind = "any of " if control.multiple else "one of " if control.values else "a number in [-1, 1]"
        console.print(f"{control.name}: {kind}{', '.join(control.values)}")
    return {"summary": condition.summary, "controls": [control._asdict() for control in condition.controls]}


def _images(
    generator: LoadedGenerator, text: str, seed: int, count: int, place: list[str], truncation: float
) -> Tensor:
    """The images of one condition and seed, with its objects at their places."""
    from condgan.cli.places import parse_places

    c = generator.batch([text] * count)
    if not place:
        return generator.generate(c, seed, truncation=truncation)
    names = generator.token_names(c[0])
    layout = generator.layout(c, seed, truncation).moved(names, parse_places(place, names, generator.condition.values))
    return generator.generate(c, seed, layout=layout, truncation=truncation)


def _check_number(num_images: int) -> None:
    if num_images > MAX_IMAGES:
        raise InputError(f"found {num_images} images to generate, expected at most {MAX_IMAGES} in one call")
