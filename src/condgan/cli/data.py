"""Commands about data sets: render, show."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from condgan.cli.options import ResolutionOption, SeedOption, load_images, progress_bar, read_file
from condgan.errors import InputError

app = typer.Typer(help="Make and look at data sets.", no_args_is_help=True)


@app.command("render")
def render(
    out: Annotated[Path, typer.Argument(help="The folder to fill, in the i-CLEVR layout.")],
    labels: Annotated[Path | None, typer.Option("--labels", help="A train.json to follow.")] = None,
    scenes: Annotated[int | None, typer.Option("--scenes", min=1, help="Sample so many scenes instead.")] = None,
    min_objects: Annotated[int, typer.Option(min=0, max=5, help="Objects in a sampled scene's first turn.")] = 1,
    max_objects: Annotated[int, typer.Option(min=1, max=5, help="Objects in its last turn.")] = 3,
    hold_out_triples: Annotated[
        bool, typer.Option("--hold-out-triples", help="Never show a triple of scenes.HELD_OUT_TRIPLES.")
    ] = False,
    resolution: Annotated[int, typer.Option("--resolution", help="Side length in pixels, a power of two.")] = 64,
    seed: SeedOption = 0,
    processes: Annotated[int | None, typer.Option(min=1, help="Renderers at a time. Without it: one a core.")] = None,
) -> None:
    """Render i-CLEVR scenes, following a label file or sampled. Interrupt at any time; the same command goes on."""
    from condgan.data.dataset import load_json
    from condgan.data.render_folder import render_dataset, sample_entries
    from condgan.data.scenes import HELD_OUT_TRIPLES

    if labels and scenes is None:
        entries = load_json(read_file(labels), str(labels))
        if not isinstance(entries, dict) or not all(isinstance(objects, list) for objects in entries.values()):
            raise InputError(
                f'{labels}: expected a map of frames to objects, such as {{"CLEVR_train_000000_0.png": []}}'
            )
    elif scenes and labels is None:
        entries = sample_entries(scenes, seed, min_objects, max_objects, HELD_OUT_TRIPLES if hold_out_triples else ())
    else:
        raise InputError("expected either --labels FILE or --scenes N")
    with progress_bar("{task.completed:.0f} of {task.total:.0f} images") as bar:
        task = bar.add_task("", total=len(entries))
        for finished in render_dataset(out, entries, resolution, seed, processes):
            bar.update(task, completed=finished)
    print(f"wrote {len(entries)} images to {out}")


@app.command("show")
def show(
    data: Annotated[str, typer.Argument(help="A data set.")],
    out: Annotated[Path | None, typer.Option("--out", help="Also write a labelled grid of its first images.")] = None,
    resolution: ResolutionOption = None,
) -> None:
    """Say what a data set holds."""
    from condgan import files
    from condgan.grid import labelled_grid, png

    images = load_images(data, resolution)
    print(
        f"images      {len(images)} of {images.resolution} x {images.resolution}, {int(images.held_out.sum())} held out"
    )
    print(f"scenes      {len(images.scenes.unique())}")
    print(f"condition   {type(images.condition).__name__}, {len(images.condition.values)} values")
    for name, values in images.condition_lists.items():
        print(f"conditions  {name}: {len(values)}")
    print(f"content     {images.content_hash}")
    if out:
        first = images.at(images.scenes.argsort(stable=True)[:32])
        captions = [images.condition.describe(c) for c in images.condition.draw(first.labels)]
        files.write(out, png(labelled_grid(first.images, captions)))
