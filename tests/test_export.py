"""Exported generators give the images of torch, for every recipe, without condgan."""

import io
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from PIL import Image
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from commands import Command, assert_input_error
from condgan import LoadedGenerator
from condgan.config import Config
from condgan.export import TOLERANCE, columns, metadata, onnx_difference, onnx_file, plain_network, program_file
from condgan.generate import untrained
from condgan.recipes import RECIPES
from contracts import tiny_images, tiny_options
from random_layouts import save_generator

ELSEWHERE = {"layout", "dcgan"}  # in other tests below
DOCS = Path(__file__).parents[1] / "docs" / "export.md"


def tiny_generator(recipe: str, kind: str) -> LoadedGenerator:
    options = tiny_options(recipe)
    return untrained(Config.of(recipe, options, "shapes", tiny_images(kind), seed=0, precision="no"))


@pytest.mark.slow
@pytest.mark.parametrize("recipe", [name for name in RECIPES if name not in ELSEWHERE])
def test_an_onnx_file_gives_the_images_of_torch(recipe: str) -> None:
    generator = tiny_generator(recipe, "attributes")
    assert onnx_difference(generator, onnx_file(generator)) <= TOLERANCE


@pytest.mark.slow
def test_sets_of_any_size_are_drawn_from_an_onnx_file(layouts: LoadedGenerator, layout_file: Path) -> None:
    assert onnx_difference(layouts, layout_file.read_bytes()) <= TOLERANCE
    c = layouts.batch(["nothing", "red square", "red square, blue circle, green triangle", "blue circle"])
    z, vector = layouts.latents(4, seed=3), layouts.condition.encode(c)
    session = onnxruntime.InferenceSession(str(layout_file), providers=["CPUExecutionProvider"])
    (image,) = session.run(None, {"z": z.numpy(), "condition": vector.numpy()})
    with torch.no_grad():
        expected = layouts.network(z, vector)
    assert (torch.from_numpy(image) - expected).abs().max() <= TOLERANCE
    assert expected.std() > 0.05


@pytest.mark.slow
def test_the_example_of_the_docs_needs_no_torch(layouts: LoadedGenerator, layout_file: Path, tmp_path: Path) -> None:
    (example,) = re.findall(r"```python\n(import json\nimport numpy.*?)```", DOCS.read_text(), flags=re.S)
    code = example.replace("model.onnx", str(layout_file)).replace("red cube", "red square")
    code = code.replace("blue cylinder", "blue circle") + "\nimport sys\nassert 'torch' not in sys.modules\n"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    z = torch.from_numpy(np.random.default_rng(0).standard_normal((4, layouts.network.latent_dim), dtype=np.float32))
    vector = layouts.condition.encode(layouts.batch(["red square, blue circle"] * 4))
    with Image.open(tmp_path / "image.png") as picture:
        written = torch.from_numpy(np.array(picture)).permute(2, 0, 1)
    assert (written.int() - layouts.from_latents(z, vector)[0].int()).abs().max() <= 1


@pytest.mark.slow
def test_a_program_gives_the_images_of_torch_for_any_batch(layouts: LoadedGenerator) -> None:
    extra = {"condgan.json": ""}
    program = torch.export.load(io.BytesIO(program_file(layouts)), extra_files=extra)
    z, vector = layouts.latents(3, seed=3), layouts.condition.encode(layouts.condition.each_value()[:3])
    with torch.no_grad():
        assert (program.module()(z, vector) - layouts.network(z, vector)).abs().max() <= TOLERANCE
    assert json.loads(extra["condgan.json"]) == metadata(layouts)


@pytest.mark.parametrize("kind", ["class", "multi_label", "attributes", "codes"])
def test_columns_name_what_each_value_switches_on(kind: str) -> None:
    condition = tiny_images(kind).condition
    names = columns(condition)
    assert len(names) == condition.dim
    encoded = condition.encode(condition.each_value())
    assert [names[i] for i in encoded[:, : len(encoded)].argmax(1).tolist()] == list(condition.values)[: len(encoded)]


def test_a_network_without_parametrisations_is_the_same_function() -> None:
    generator = tiny_generator("cdcgan", "class")
    z, vector = generator.latents(2), generator.condition.encode(generator.condition.each_value()[:2])
    before = generator.network.eval()(z, vector)
    for module in list(generator.network.modules()):
        if isinstance(module, nn.ConvTranspose2d):
            spectral_norm(module)
    generator.network.eval()
    plain = plain_network(generator)
    assert any("parametrizations" in name for name in generator.network.state_dict())
    assert not any("parametrizations" in name for name in plain.state_dict())
    expected = generator.network(z, vector)
    torch.testing.assert_close(plain(z, vector), expected)
    assert (expected - before).abs().max() > 0.01


@pytest.mark.slow
def test_the_command_writes_both_files(condgan: Command, tmp_path: Path) -> None:
    generator = tiny_generator("dcgan", "attributes")
    save_generator(generator, tmp_path / "model.safetensors")
    words = ["--onnx", tmp_path / "a.onnx", "--program", tmp_path / "a.pt2"]
    result = condgan("export", tmp_path / "model.safetensors", *words)
    assert result.code == 0, result.err
    assert "z (N, 8), condition (N, 11); largest difference from torch" in result.out
    session = onnxruntime.InferenceSession(str(tmp_path / "a.onnx"), providers=["CPUExecutionProvider"])
    assert session.get_modelmeta().custom_metadata_map == metadata(generator)
    torch.export.load(tmp_path / "a.pt2")


def test_an_export_without_a_file_and_of_no_model_is_reported(condgan: Command, tmp_path: Path) -> None:
    assert_input_error(condgan("export", "iclevr"), "expected --onnx FILE, --program FILE or both")
    assert_input_error(condgan("export", tmp_path / "none", "--onnx", tmp_path / "a.onnx"), "none: no such file")
