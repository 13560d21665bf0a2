"""Commands for data sets: render, inspect, split."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from condgan import files
from condgan.cli.console import console, fail
from condgan.cli.options import DataArgument, ResolutionOption, SeedOption, check_suffix, load_data
from condgan.cli.reading import with_reading
from condgan.cli.settings import is_given
from condgan.errors import InputError

if TYPE_CHECKING:
    from condgan.data.inspect import Inspection

NUM_PREVIEWS = 32
SHOWN_VALUES = 24  # half of them the most frequent and half the rarest if there are more
SHOWN_PAIRS = 3

app = typer.Typer(help="Render, inspect and split data sets.", no_args_is_help=True)


@app.command("render")
def render(
    context: typer.Context,
    out: Annotated[Path, typer.Argument(help="Folder to write, in the i-CLEVR layout.")],
    labels: Annotated[Path | None, typer.Option("--labels", help="Render the scenes of this train.json.")] = None,
    scenes: Annotated[
        int | None, typer.Option("--scenes", min=1, help="Number of random scenes to render instead.")
    ] = None,
    min_objects: Annotated[int, typer.Option(min=0, max=5, help="Objects in the first image of a random scene.")] = 1,
    max_objects: Annotated[int, typer.Option(min=1, max=5, help="Objects in the last image of a random scene.")] = 3,
    hold_out_triples: Annotated[
        bool, typer.Option("--hold-out-triples", help="Render no triple of condgan.rendering.HELD_OUT_TRIPLES.")
    ] = False,
    resolution: Annotated[int, typer.Option("--resolution", help="Side length of the images in pixels.")] = 64,
    seed: SeedOption = 0,
    processes: Annotated[int | None, typer.Option(min=1, help="Number of processes. Default: one per core.")] = None,
) -> dict[str, Any]:
    """Render i-CLEVR scenes from a label file or at random. Run the same command again to continue."""
    from condgan.rendering.folder import read_entries, render_dataset, sample_entries
    from condgan.rendering.scenes import HELD_OUT_TRIPLES

    of_random_scenes = ("min_objects", "max_objects", "hold_out_triples")
    if labels and (ignored := [name for name in of_random_scenes if is_given(context, name)]):
        raise InputError(f"--{ignored[0].replace('_', '-')} has no effect on the scenes of --labels; leave it out")
    if labels and scenes is None:
        entries = read_entries(files.read_text(labels, "a train.json: the objects of each image"), str(labels))
    elif scenes and labels is None:
        entries = sample_entries(scenes, seed, min_objects, max_objects, HELD_OUT_TRIPLES if hold_out_triples else ())
    else:
        raise InputError("expected either --labels FILE or --scenes N")
    with console.progress() as show:
        for finished in render_dataset(out, entries, resolution, seed, processes):
            show("rendered", finished / len(entries), f"rendered {finished} of {len(entries)} images")
    console.print(f"wrote {len(entries)} images to {out}")
    return {"folder": out, "images": len(entries)}


@app.command("inspect")
@with_reading
def inspect(
    data: DataArgument,
    out: Annotated[
        Path | None,
        typer.Option("--out", dir_okay=False, help="Also write a PNG with some of the images and their labels."),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option(
            "--html", dir_okay=False, help="Also write a page with counts, examples of every value and notices."
        ),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with code 1 if there is any notice.")] = False,
    min_objects: Annotated[
        int | None, typer.Option(min=0, help="Smallest number of labels of an image. Default: 1, as in training.")
    ] = None,
    resolution: ResolutionOption = None,
    *,
    reading: Mapping[str, Any],
) -> dict[str, Any]:
    """Show the size, labels, balance and duplicates of a data set, what was left out, and possible problems."""
    from condgan.data.inspect import inspect, summary
    from condgan.data.inspection_page import page
    from condgan.evenly import evenly
    from condgan.grid import labelled_grid, png

    if out:
        check_suffix("--out", out, ".png")
        folders = [Path(each).resolve() for each in (data, data.partition(":")[2]) if each]
        if out.exists() and any(folder in out.resolve().parents for folder in folders):
            raise InputError(f"--out {out}: found a file in the folder of the data set, expected the name of a new one")
    if html:
        check_suffix("--html", html, ".html")
    fewest = {} if min_objects is None else {"min_objects": min_objects}
    images = load_data(data, resolution, **{**reading, **fewest})
    console.print(f"data        {summary(images)}", f"channels    {images.channels}")
    console.print(f"scenes      {len(images.scenes.unique())}")
    for name, values in images.condition_lists.items():
        console.print(f"conditions  {name}: {len(values)}")
    console.print(f"content     {images.content_hash}")
    found = inspect(images)
    _print_inspection(found)
    if out:
        previews = images.at(evenly(len(images), NUM_PREVIEWS))
        captions = images.condition.describe_all(images.condition.sample(previews.labels))
        files.write(out, png(labelled_grid(previews.images, captions)))
        console.print(f"wrote {out}")
    if html:
        files.write(html, page(found, data))
        console.print(f"wrote {html}")
    result = _as_data(found)
    if strict and result["notices"]:
        console.document(result)
        fail(f"{data}: found notices, which --strict does not allow", 1)
    return result


@app.command("split")
@with_reading
def split(
    data: DataArgument,
    what: Annotated[
        str,
        typer.Option(
            "--hold-out",
            help="triples or pairs of labels; colour-shape: whole objects; count: images with the most labels.",
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", dir_okay=False, help="JSON file to write, for --split of `train` and `evaluate`.")
    ],
    share: Annotated[
        float, typer.Option("--share", min=0, max=1, help="Share of the combinations that are held out.")
    ] = 0.1,
    seed: SeedOption = 0,
    *,
    reading: Mapping[str, Any],
) -> dict[str, Any]:
    """Hold out combinations of labels whose parts are still trained on, with lists of seen and unseen conditions."""
    from condgan.data.held_out import check_labelled, hold_out_combinations
    from condgan.metrics import hold_out

    if out.suffix != ".json":
        raise InputError(f"--out {out}: expected a name that ends with .json, by which --split knows the file")
    images = load_data(data, 8, **reading)
    check_labelled(images)
    labels = images.labels[~images.held_out]
    found = hold_out(what, images.condition.sample(labels), images.condition, share=share, seed=seed)
    after = hold_out_combinations(images, found.combinations)
    files.write_json(out, found.combinations)
    lists = {out.with_name(f"{out.stem}-{name}.json"): getattr(found, name) for name in ("seen", "unseen")}
    for file, conditions in lists.items():
        files.write_json(file, images.condition.describe_all(conditions))
    console.print(
        f"combinations held out: {len(found.combinations)}; {after.num_training} of {len(images)} images to train on"
    )
    console.print("wrote " + ", ".join(map(str, [out, *lists])))
    return {"files": [out, *lists], "combinations": found.combinations, "training_images": after.num_training}


def _print_inspection(found: Inspection) -> None:
    from condgan.data.inspect import balance

    if found.counts:
        console.print(f"balance     {found.num_combinations} distinct conditions")
    for line in balance(found.counts, len(found.images), SHOWN_VALUES):
        console.print(f"            {line}")
    console.print(f"duplicates  {len(found.exact)} exact, {len(found.mirrored)} mirrored")
    for kind, pairs in (("is a copy of", found.exact), ("mirrors", found.mirrored)):
        for image, copy in pairs[:SHOWN_PAIRS]:
            console.print(f"            {found.name(copy)} {kind} {found.name(image)}")
    for notice in found.notices:
        console.print(f"notice      {notice}")


def _as_data(found: Inspection) -> dict[str, Any]:
    images = found.images
    pairs = {"exact": found.exact, "mirrored": found.mirrored}
    return {
        "images": len(images),
        "held_out": int(images.held_out.sum()),
        "resolution": images.resolution,
        "channels": images.channels,
        "scenes": len(images.scenes.unique()),
        "condition": images.condition.summary,
        "condition_lists": {name: len(values) for name, values in images.condition_lists.items()},
        "content_hash": images.content_hash,
        "distinct_conditions": found.num_combinations,
        "counts": found.counts,
        "duplicates": {kind: [[found.name(i) for i in pair] for pair in each] for kind, each in pairs.items()},
        "notices": list(found.notices),
    }
