"""The command line: the only place that prints. Everything heavy is imported inside the command that needs it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from condgan import __version__
from condgan.errors import InputError

if TYPE_CHECKING:
    from rich.progress import Progress

    from condgan.data import Images
    from condgan.evaluate import Scores

app = typer.Typer(
    help="GANs that obey: train, draw and score image generators steered by conditions.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
data_app = typer.Typer(help="Make and look at data sets.", no_args_is_help=True)
judge_app = typer.Typer(help="Train and score the classifier that measures obedience.", no_args_is_help=True)
app.add_typer(data_app, name="data")
app.add_typer(judge_app, name="judge")

INTERRUPTED = 130

DataOption = Annotated[str, typer.Option("--data", help="A folder in the i-CLEVR layout, `sample` or `shapes[:KIND]`.")]
ResolutionOption = Annotated[int, typer.Option("--resolution", help="Side length in pixels, a power of two.")]
SeedOption = Annotated[int, typer.Option("--seed", min=0, help="What everything random follows from.")]
JudgeOption = Annotated[
    Path | None, typer.Option("--judge", help="judge.safetensors, or the lab's checkpoint.pth. Embedded if not given.")
]


def main() -> None:
    """Runs a command. What the user can mend ends in one message and exit code 2, an interruption in 130."""
    try:
        app()
    except InputError as error:
        _fail(str(error), 2)
    except OSError as error:
        _fail(f"{error.filename}: {error.strerror}" if error.filename else str(error), 2)
    except SystemExit as end:  # what typer makes of KeyboardInterrupt
        if end.code == INTERRUPTED:
            _fail("interrupted; what was done is saved: the same command goes on (train: with --resume)", INTERRUPTED)
        raise


def _fail(message: str, code: int) -> None:
    print(f"condgan: {message}", file=sys.stderr)
    sys.exit(code)


@app.callback(invoke_without_command=True)
def _version(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        print(f"condgan {__version__}")
        raise typer.Exit


@app.command()
def recipes(name: Annotated[str | None, typer.Argument(help="Show one recipe whole.")] = None) -> None:
    """List the systems, or show one with its options and defaults."""
    import inspect

    from condgan.recipes import RECIPES, find

    if name is None:
        for known, recipe in RECIPES.items():
            print(f"{known:12} {(recipe.__doc__ or '').splitlines()[0]}")
        return
    recipe = find(name)
    print(inspect.cleandoc(recipe.__doc__ or ""), end="\n\noptions, for --set NAME=VALUE:\n")
    for option in inspect.signature(recipe).parameters.values():
        print(f"  {option.name}={_as_text(option.default)}")


@app.command()
def train(
    recipe: Annotated[str, typer.Argument(help="A recipe's name, see `condgan recipes`, or module:function.")],
    data: DataOption,
    name: Annotated[
        str | None, typer.Option("--name", help="The run, kept in RUNS/NAME. Without it: the recipe's name.")
    ] = None,
    runs: Annotated[Path, typer.Option("--runs", help="Where runs are kept.")] = Path("runs"),
    options: Annotated[list[str], typer.Option("--set", metavar="NAME=VALUE", help="An option of the recipe.")] = [],  # noqa: B006
    resolution: ResolutionOption = 64,
    seed: SeedOption = 0,
    kimg: Annotated[
        float | None, typer.Option(help="Stop after so many thousand images. Without it: all epochs.")
    ] = None,
    minutes: Annotated[float, typer.Option(help="Stop after so many minutes of training.")] = float("inf"),
    save_minutes: Annotated[float, typer.Option(help="Save this often.")] = 5,
    precision: Annotated[str, typer.Option(help="no (float32), bf16, or auto: bf16 where that is fast.")] = "no",
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run if it has begun.")] = False,
) -> None:
    """Train a recipe on a data set. Interrupt at any time; --resume goes on."""
    from accelerate import Accelerator

    from condgan import recipes as table
    from condgan.config import Config
    from condgan.machine import PRECISIONS, fast_precision, keep_freed_memory
    from condgan.run import Budget, Diverged, Run, check_playable

    chosen = _parse_options(options)
    built = table.build(recipe, chosen)
    if precision not in PRECISIONS:
        raise InputError(f"--precision: found {precision!r}, expected one of {', '.join(PRECISIONS)}")
    if not min(minutes, save_minutes, 1 if kimg is None else kimg) > 0:
        raise InputError("--minutes, --kimg and --save-minutes: expected positive numbers")
    keep_freed_memory()
    accelerator = Accelerator(mixed_precision=fast_precision() if precision == "auto" else precision)
    with accelerator.main_process_first():
        images = _load(data, resolution)
        check_playable(built, images)
        config = Config.of(recipe, chosen, data, images, seed, accelerator.mixed_precision)
        run = Run(runs / (name or recipe), config, resume=resume or not accelerator.is_main_process)
    all_kimg = built.num_epochs * int(images.held_out.logical_not().sum()) / 1000
    budget = Budget(all_kimg if kimg is None else kimg, minutes)
    with _progress("{task.fields[text]}", hidden=not accelerator.is_main_process) as bar:
        task = bar.add_task("", total=1.0, text="starting")
        try:
            for status in run.play(images, budget, save_minutes=save_minutes, accelerator=accelerator):
                losses = "  ".join(f"{player} {total:.3f}" for player, total in status.totals.items())
                text = f"step {status.step}  {status.kimg:.1f} kimg  {status.images_per_second:.0f} images/s  {losses}"
                bar.update(task, completed=status.share_spent, text=text)
        except Diverged as error:
            _fail(str(error), 1)
    if accelerator.is_main_process:
        print(f"saved {run.folder / 'generator.safetensors'}")


@app.command()
def generate(
    run: Annotated[Path, typer.Argument(help="A run's folder, or a generator.safetensors.")],
    condition: Annotated[str, typer.Option("--condition", help='What to draw, such as "red cube, blue cylinder".')],
    count: Annotated[int, typer.Option("--count", min=1, help="How many images.")] = 16,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the images. Without it: RUN/generated.")] = None,
    seed: SeedOption = 0,
) -> None:
    """Draw images of one condition: one PNG each, and a grid of all."""
    from condgan import files
    from condgan.generate import load
    from condgan.grid import grid, png
    from condgan.machine import fast_device

    generator = load(run).to(fast_device())
    c = generator.condition.parse(condition).expand(count, *generator.condition.parse(condition).shape)
    images = generator.generate(c, seed)
    folder = out or (run if run.is_dir() else run.parent) / "generated"
    for i, image in enumerate(images):
        files.write(folder / f"{i:04d}.png", png(grid(image[None], 1)))
    files.write(folder / "grid.png", png(grid(images)))
    print(f"wrote {count} images and {folder / 'grid.png'}")


@app.command()
def evaluate(
    run: Annotated[Path, typer.Argument(help="A run's folder.")],
    conditions: Annotated[
        list[Path],
        typer.Option("--conditions", help="JSON list of conditions; may be repeated. Without it: those of the data."),
    ] = [],  # noqa: B006
    draws: Annotated[int, typer.Option("--draws", min=1, help="Images for each condition.")] = 32,
    data: Annotated[
        str | None, typer.Option("--data", help="Where the held-out images are. Without it: those of the run.")
    ] = None,
    judge: JudgeOption = None,
    seed: SeedOption = 0,
) -> None:
    """Score a run: obedience by the judge, realism by KID, beside real images and an untrained generator."""
    from condgan import files
    from condgan import judge as judges
    from condgan.data.dataset import parse_conditions
    from condgan.evaluate import evaluate as score
    from condgan.generate import load
    from condgan.grid import labelled_grid, png
    from condgan.machine import fast_device

    if not run.is_dir():
        raise InputError(f"{run}: no such run; expected the folder of a run")
    generator = load(run).to(fast_device())
    images = _load(data or generator.config.data, generator.config.resolution)
    if images.condition != generator.condition:
        raise InputError(f"data {data!r}: labelled with another vocabulary than the run was trained on")
    lists = dict(images.condition_lists)
    if conditions:
        lists = {file.stem: parse_conditions(_read(file), str(file), images.condition) for file in conditions}
    reader = judges.load(judge, images.condition).to(fast_device())
    scores = score(generator, images, lists, reader, draws=draws, seed=seed)
    files.write(run / "metrics.json", json.dumps(scores.to_json(), indent=2) + "\n")
    for name, values in lists.items():
        picture = labelled_grid(generator.generate(values, seed), [images.condition.describe(v) for v in values])
        files.write(run / f"{name}.png", png(picture))
    _print_scores(scores)
    print("wrote " + ", ".join(str(run / file) for file in ["metrics.json", *(f"{name}.png" for name in lists)]))


def _print_scores(scores: Scores) -> None:
    from rich.console import Console
    from rich.table import Table

    metrics = list(next(iter(scores.rows.values())))
    table = Table(
        "", *metrics, title=f"judge {scores.judge}, {scores.draws} draws of each condition, seed {scores.seed}"
    )
    for who, row in scores.rows.items():
        table.add_row(who, *(str(row[metric]) if metric in row else "" for metric in metrics))
    console = Console(width=None if sys.stdout.isatty() else 120)
    console.print(table, markup=False)
    for name, objects in scores.per_object.items():
        worst = Table("object", "accuracy", title=f"{name}, by object")
        for label, estimate in sorted(objects.items(), key=lambda item: item[1].value):
            worst.add_row(label, str(estimate))
        console.print(worst, markup=False)


@judge_app.command("train")
def judge_train(
    data: Annotated[str, typer.Argument(help="A data set that no GAN trains on.")],
    out: Annotated[Path, typer.Option("--out", help="The file to write.")] = Path("judge.safetensors"),
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the training part.")] = 20,
    resolution: ResolutionOption = 64,
    seed: SeedOption = 0,
) -> None:
    """Train a judge, and score it on the held-out part."""
    import torch

    from condgan import files
    from condgan import judge as judges
    from condgan.machine import fast_precision, keep_freed_memory

    images = _load(data, resolution, min_objects=0)
    keep_freed_memory()
    torch.manual_seed(seed)
    judge = judges.small_judge(images.condition, resolution)
    with _progress("loss {task.fields[loss]:.4f}") as bar:
        task = bar.add_task("", total=None, loss=float("nan"))
        for lesson in judges.train(judge, images, num_epochs=epochs, seed=seed, precision=fast_precision()):
            bar.update(task, completed=lesson.step, total=lesson.num_steps, loss=lesson.loss)
    files.write(out, judges.save(judge))
    _print_judge_score(judge, images)
    print(f"wrote {out}")


@judge_app.command("score")
def judge_score(
    data: Annotated[str, typer.Argument(help="A data set; its held-out part is read.")],
    judge: JudgeOption = None,
    resolution: ResolutionOption = 64,
) -> None:
    """Score a judge on real images: official and exact accuracy, and calibration."""
    from condgan import judge as judges

    images = _load(data, resolution, min_objects=0)
    _print_judge_score(judges.load(judge, images.condition), images)


def _print_judge_score(judge: Any, images: Images) -> None:
    from condgan.judge import calibration_error
    from condgan.metrics import condition_accuracy, exact_accuracy

    held_out = images.part(held_out=True)
    seen = judge.read(held_out.images, held_out.labels)
    print(f"held-out images      {len(seen)}")
    print(f"condition_accuracy   {condition_accuracy(seen, seen, images.condition)}")
    print(f"exact_accuracy       {exact_accuracy(seen, seen, images.condition)}")
    print(f"calibration error    {calibration_error(judge, seen):.4f}")


@data_app.command("render")
def data_render(
    out: Annotated[Path, typer.Argument(help="The folder to fill, in the i-CLEVR layout.")],
    labels: Annotated[Path | None, typer.Option("--labels", help="A train.json to follow.")] = None,
    scenes: Annotated[int | None, typer.Option("--scenes", min=1, help="Sample so many scenes instead.")] = None,
    min_objects: Annotated[int, typer.Option(min=0, max=5, help="Objects in a sampled scene's first turn.")] = 1,
    max_objects: Annotated[int, typer.Option(min=1, max=5, help="Objects in its last turn.")] = 3,
    hold_out_triples: Annotated[
        bool, typer.Option("--hold-out-triples", help="Never show a triple of scenes.HELD_OUT_TRIPLES.")
    ] = False,
    resolution: ResolutionOption = 64,
    seed: SeedOption = 0,
    processes: Annotated[int | None, typer.Option(min=1, help="Renderers at a time. Without it: one a core.")] = None,
) -> None:
    """Render i-CLEVR scenes, following a label file or sampled. Interrupt at any time; the same command goes on."""
    from condgan.data.dataset import load_json
    from condgan.data.render_folder import render_dataset, sample_entries
    from condgan.data.scenes import HELD_OUT_TRIPLES

    if labels and scenes is None:
        entries = load_json(_read(labels), str(labels))
    elif scenes and labels is None:
        entries = sample_entries(scenes, seed, min_objects, max_objects, HELD_OUT_TRIPLES if hold_out_triples else ())
    else:
        raise InputError("expected either --labels FILE or --scenes N")
    with _progress("{task.completed:.0f} of {task.total:.0f} images") as bar:
        task = bar.add_task("", total=len(entries))
        for finished in render_dataset(out, entries, resolution, seed, processes):
            bar.update(task, completed=finished)
    print(f"wrote {len(entries)} images to {out}")


@data_app.command("show")
def data_show(
    data: Annotated[str, typer.Argument(help="A data set.")],
    out: Annotated[Path | None, typer.Option("--out", help="Also write a labelled grid of its first images.")] = None,
    resolution: ResolutionOption = 64,
) -> None:
    """Say what a data set holds."""
    from condgan import files
    from condgan.grid import labelled_grid, png

    images = _load(data, resolution)
    print(f"images      {len(images)} of {resolution} x {resolution}, {int(images.held_out.sum())} held out")
    print(f"scenes      {len(images.scenes.unique())}")
    print(f"condition   {type(images.condition).__name__}, {len(images.condition.values)} values")
    for name, values in images.condition_lists.items():
        print(f"conditions  {name}: {len(values)}")
    print(f"content     {images.content_hash}")
    if out:
        first = images.at(images.scenes.argsort(stable=True)[:32])
        captions = [images.condition.describe(c) for c in images.condition.draw(first.labels)]
        files.write(out, png(labelled_grid(first.images, captions)))


def _load(spec: str, resolution: int, **options: Any) -> Images:
    from condgan.data import load

    return load(spec, resolution, **options)


def _read(file: Path) -> str:
    from condgan.data.dataset import read_text

    if not file.is_file():
        raise InputError(f"{file}: no such file")
    return read_text(file)


def _parse_options(texts: Iterable[str]) -> dict[str, Any]:
    """NAME=VALUE as pydantic wants it; a value with commas is a list."""
    options: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise InputError(f"--set {text}: expected NAME=VALUE, such as --set aux_weight=24")
        options[name.strip()] = value.split(",") if "," in value else value
    return options


def _as_text(default: Any) -> str:
    return ",".join(map(str, default)) if isinstance(default, tuple) else str(default)


def _progress(text: str, *, hidden: bool = False) -> Progress:
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = BarColumn(10), TextColumn("{task.percentage:>3.0f}%"), TextColumn(text), TimeRemainingColumn()
    return Progress(*columns, TextColumn("left"), disable=hidden)


if __name__ == "__main__":
    main()
