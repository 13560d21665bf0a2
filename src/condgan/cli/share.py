"""Commands that give a trained generator to others: share, export."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from condgan import files
from condgan.cli.console import console, fail
from condgan.cli.generate import ModelArgument
from condgan.cli.options import RecipeOption, use_recipes
from condgan.errors import InputError

app = typer.Typer()


@app.command()
def share(
    run: ModelArgument,
    out: Annotated[Path | None, typer.Option("--out", help="Folder to write.")] = None,
    hub: Annotated[
        str | None, typer.Option("--hub", metavar="OWNER/NAME", help="Model on the Hub of Hugging Face to upload to.")
    ] = None,
    license: Annotated[
        str | None, typer.Option("--license", metavar="ID", help="Licence of the model, e.g. mit or cc-by-4.0.")
    ] = None,
    conditions: Annotated[
        list[str],
        typer.Option("--condition", help="A condition of the card's picture; can be repeated. Default: each value."),
    ] = [],  # noqa: B006
    private: Annotated[bool, typer.Option("--private", help="Create the Hub's model as a private one.")] = False,
    space: Annotated[
        bool,
        typer.Option("--space", help="Add an app.py to --out: the playground, as a Space of Hugging Face runs it."),
    ] = False,
    recipe: RecipeOption = [],  # noqa: B006
) -> dict[str, Any]:
    """Write a model to a folder or upload it, with a card: vocabulary, data, scores, samples, licence and usage."""
    from condgan.generate import load
    from condgan.playground import gradio_version
    from condgan.scores import FILE, Scores
    from condgan.sharing import FILES, check_folder
    from condgan.sharing.space import APP, REQUIREMENTS, add_space

    if (out is None) == (hub is None):
        raise InputError("expected one of --out FOLDER and --hub OWNER/NAME")
    if private and hub is None:
        raise InputError("--private: found no --hub, expected the name of a model on the Hub")
    if space and out is None:
        raise InputError("--space: found no --out, expected the folder of the Space")
    if space:
        gradio_version()  # before anything is written
    use_recipes(recipe)
    generator = load(run)
    found = Scores.read_any(run) if (run / FILE).is_file() else None
    outdated = found.outdated(run) if found else ""
    scores = found.to_json() if found and not outdated else None
    shown = conditions or None
    result: dict[str, Any] = {}
    if out is not None:
        names = (*FILES, APP, REQUIREMENTS) if space else FILES
        check_folder(out, names)
        generator.save_pretrained(out, license=license, scores=scores, conditions=shown)
        if space:
            add_space(out)
        result["files"] = [out / name for name in names]
        console.print(f"wrote {', '.join(map(str, result['files']))}")
    elif hub is not None:
        address = generator.push_to_hub(hub, private=private, license=license, scores=scores, conditions=shown)
        result["address"] = address
        console.print(f"uploaded to {address}")
    if outdated:
        console.note(f"the card has no scores; {run / FILE}: {outdated}, then share again")
    elif scores is None:
        console.note("the card has no scores; `condgan evaluate` writes them into the folder of a run")
    if license is None:
        console.note("the card states no licence; add --license, e.g. --license mit")
    return result


@app.command()
def export(
    run: ModelArgument,
    onnx: Annotated[
        Path | None, typer.Option("--onnx", dir_okay=False, help="ONNX file to write, e.g. model.onnx.")
    ] = None,
    program: Annotated[
        Path | None, typer.Option("--program", dir_okay=False, help="Program of torch.export to write, e.g. model.pt2.")
    ] = None,
    recipe: RecipeOption = [],  # noqa: B006
) -> dict[str, Any]:
    """Export a generator to ONNX, compared with PyTorch, or as a program of torch.export."""
    from condgan.export import TOLERANCE, onnx_difference, onnx_file, program_file
    from condgan.generate import load

    if onnx is None and program is None:
        raise InputError("expected --onnx FILE, --program FILE or both")
    use_recipes(recipe)
    generator = load(run)
    inputs = f"z (N, {generator.network.latent_dim}), condition (N, {generator.condition.dim})"
    result: dict[str, Any] = {"files": [file for file in (onnx, program) if file is not None]}
    if onnx is not None:
        content = onnx_file(generator)
        difference = onnx_difference(generator, content)
        if not difference <= TOLERANCE:
            fail(f"{onnx}: not written, its images differ from those of torch by up to {difference:.1e} in [-1, 1]", 1)
        files.write(onnx, content)
        result["largest_difference"] = difference
        console.print(f"wrote {onnx}: {inputs}; largest difference from torch {difference:.1e} in [-1, 1]")
    if program is not None:
        files.write(program, program_file(generator))
        console.print(f"wrote {program}: {inputs}")
    return result
