"""The command `condgan evaluate`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from condgan import files
from condgan.cli.console import console
from condgan.cli.options import DeviceOption, JudgeOption, RecipeOption, SeedOption, load_data, use_recipes
from condgan.cli.reading import with_reading
from condgan.errors import InputError

if TYPE_CHECKING:
    from condgan.cli.score_tables import Rows
    from condgan.data import Images
    from condgan.generate import LoadedGenerator
    from condgan.judge import Judge
    from condgan.judged import Mapped

app = typer.Typer()


@app.command()
@with_reading
def evaluate(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Folders of runs.")],
    suite: Annotated[
        str,
        typer.Option(
            "--suite",
            help="quick: accuracies and KID. full: all metrics that apply, with breakdowns and nearest training images "
            "(docs/metrics.md).",
        ),
    ] = "quick",
    conditions: Annotated[
        list[Path],
        typer.Option(
            "--conditions",
            help="JSON list of conditions; can be repeated. Default: the lists of the data set, or the most frequent "
            "conditions of its training images.",
        ),
    ] = [],  # noqa: B006
    draws: Annotated[int, typer.Option("--draws", min=1, help="Images per condition.")] = 32,
    data: Annotated[
        str | None, typer.Option("--data", help="Data set with the held-out images. Default: that of each run.")
    ] = None,
    judge: JudgeOption = None,
    second_judge: Annotated[
        Path | None,
        typer.Option(
            "--second-judge",
            help="Second judge, whose accuracies are reported as well. Default: the embedded one if the first is "
            "embedded, otherwise none.",
        ),
    ] = None,
    features: Annotated[
        list[str],
        typer.Option(
            "--features",
            metavar="SPACE",
            help="Compare features of another network as well: inception=FILE, timm:MODEL or timm:MODEL=FILE; can be "
            "repeated.",
        ),
    ] = [],  # noqa: B006
    train_classifier: Annotated[
        bool,
        typer.Option(
            "--train-classifier",
            help="Also train a classifier on generated images and one on real ones, and test both on real ones; takes "
            "minutes.",
        ),
    ] = False,
    seed: SeedOption = 0,
    recipe: RecipeOption = [],  # noqa: B006
    device: DeviceOption = None,
    *,
    reading: Mapping[str, Any],
) -> dict[str, Any]:
    """Score runs: how well images follow their conditions and how realistic they are, compared with real images."""
    for run in runs:  # before torch is imported, which takes seconds
        if not run.is_dir():
            raise InputError(f"{run}: no such folder; expected the folder of a run")

    from condgan.cli.score_tables import print_rows, print_scores
    from condgan.conditions import parse_conditions
    from condgan.data.reading import is_same
    from condgan.evaluate import check_comparable, check_names, num_images, pictures, seen_conditions
    from condgan.evaluate import evaluate as score
    from condgan.feature_spaces import feature_space
    from condgan.generate import load
    from condgan.judge import train_classifier as train
    from condgan.machine import fast_precision
    from condgan.processes import fast_device, joined, use_device
    from condgan.recognition import load_recognition
    from condgan.run import data_location
    from condgan.scores import generator_hash
    from condgan.suites import suite_named

    suite_named(suite)
    check_names(_stems(conditions))
    use_recipes(recipe)
    use_device(device)
    found = {}
    with joined() as process:
        spaces = dict(map(feature_space, features))
        for space in spaces.values():
            space.network.to(fast_device())
        loaded: dict[str, Images] = {}  # by how they are read, as several runs may be of one data set

        def prepared(run: Path) -> tuple[str, LoadedGenerator, Images, dict[str, Any], list[Any]]:
            scored_hash = generator_hash(run)  # before it is loaded: a training may replace it
            generator = load(run)
            location = data or data_location(run, generator.config)
            choices = {**generator.config.reading, **reading}
            key = repr((location, generator.config.resolution, choices))
            if key not in loaded:
                with process.local_main_process_first():  # so that caches are filled once
                    loaded[key] = load_data(
                        location, generator.config.resolution, by_person=data is not None, **choices
                    )
            images = loaded[key]
            try:
                check_comparable(generator, images)
            except InputError as error:
                raise InputError(f"{run}: {error}") from None
            if data is None and images.content_hash != generator.config.data_hash:
                found = f"{run}: the images, labels or split of {location} are not those of the training"
                found += ", so that held-out images may have been trained on"
                if is_same(choices, generator.config.reading):
                    raise InputError(f"{found}; restore them, or score the run on what there is now with --data")
                console.note(f"warning: {found}")
            lists = dict(images.condition_lists)
            if not lists and images.labels.numel():
                lists = {"seen": seen_conditions(images)}
            if conditions and not generator.condition.is_labelled:
                raise InputError(f"{run}: --conditions has no effect on a generator without labels; leave it out")
            if conditions:
                lists = {}
                for name, file in _stems(conditions).items():
                    text = files.read_text(file, "a JSON list of conditions")
                    lists[name] = parse_conditions(text, str(file), images.condition)
            judges = _judges(judge, second_judge, images, location)
            return scored_hash, generator, images, lists, [*judges, load_recognition(run, generator.config)]

        ready = [prepared(run) for run in runs]  # what is wrong with any is found out before the first is scored
        for run, (scored_hash, generator, images, lists, networks) in zip(runs, ready, strict=True):
            classifier, second, recognition = networks
            for network in (generator, classifier, second, recognition and recognition.discriminator):
                if network:
                    network.to(fast_device())
            total = num_images(generator, images, lists, draws, suite)
            with _shared(total) as mapped:
                scores = score(
                    generator,
                    images,
                    lists,
                    classifier,
                    draws=draws,
                    seed=seed,
                    suite=suite,
                    mapped=mapped,
                    second=second,
                    spaces=spaces,
                    recognition=recognition,
                    train_classifier=partial(train, seed=seed, precision=fast_precision())
                    if train_classifier
                    else None,
                )
            found[str(run)] = scores = replace(scores, generator_hash=scored_hash)
            if process.is_main_process:
                files.write_json(run / "metrics.json", scores.to_json())
                written = pictures(generator, images, scores, {name: lists[name] for name in scores.per_condition})
                for name, content in written.items():
                    files.write(run / name, content)
                if len(runs) == 1:
                    print_scores(scores)
                console.print("wrote " + ", ".join(str(run / file) for file in ("metrics.json", *written)))
        if process.is_main_process and len(runs) > 1:
            rows: Rows = {(run, source): row for run, scores in found.items() for source, row in scores.rows.items()}
            print_rows(["run", "images"], rows, scores.setting)
            for name, scores in found.items():
                console.print(f"{name}: {scores.judges}")
    return {run: scores.to_json() for run, scores in found.items()}


def _judges(
    judge: Path | None, second: Path | None, images: Images, data: str
) -> tuple[Judge, Judge | None] | tuple[None, None]:
    """Loads the judges; none for images without labels. Raises InputError if some are named for such images."""
    from condgan.judge import load_judge, load_second_judge

    if images.labels.numel():
        first = load_judge(judge, images.condition)
        return first, load_second_judge(second, first, first_is_embedded=judge is None)
    for option, file in {"--judge": judge, "--second-judge": second}.items():
        if file:
            raise InputError(f"{option} {file}: {data} has no labels that a judge could recognise; leave it out")
    return None, None


def _stems(lists: Sequence[Path]) -> dict[str, Path]:
    """Returns files of conditions by the name of their list. Raises InputError if two have the same."""
    named: dict[str, Path] = {}
    for file in lists:
        if (other := named.setdefault(file.stem, file)) is not file:
            raise InputError(f"--conditions: {other} and {file} have the same name; rename one of them")
    return named


@contextmanager
def _shared(num_images: int) -> Iterator[Mapped]:
    """Yields `map_over_processes` with a progress bar for all images of an evaluation."""
    from condgan.processes import map_over_processes, processes

    with console.progress() as show:
        num_processes, before = processes().num_processes, 0

        def mapped(work: Callable[[Any], Any], tasks: Any) -> list[Any]:
            nonlocal before
            blocks, here = list(tasks), 0
            after = before + sum(map(len, blocks))

            def shown(block: Any) -> Any:
                nonlocal here
                result = work(block)
                here += len(block)
                number = min(before + here * num_processes, after)
                show("evaluate", min(number / num_images, 1), f"{number} of {num_images} images")
                return result

            results = map_over_processes(shown, blocks)
            before = after
            return results

        yield mapped
