"""Exports a generator for programs without condgan: as an ONNX file, and as a program of torch.export.

Both map `z` (N, latent_dim) and `condition` (N, dim), the encoded condition, to `image` (N, C, R, R) in [-1, 1], all
float32, for any N.
"""

import io
import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy

import torch
from torch import Tensor
from torch.export import Dim, ExportedProgram
from torch.nn.utils import parametrize

from condgan.conditions import Condition
from condgan.errors import InputError
from condgan.generate import LoadedGenerator
from condgan.networks.gan import Generator

TOLERANCE = 1e-4  # of pixels in [-1, 1]: an eightieth of a step of 8 bits


def metadata(generator: LoadedGenerator) -> dict[str, str]:
    """Returns what a program needs to know to use an exported file, as text by name.

    `columns` is a JSON list of the names of the columns of `condition`: a value is wanted where its column is 1, and a
    continuous code is its column. `condition` is the vocabulary and `run` the configuration of the training, in JSON.
    """
    return {
        "latent_dim": str(generator.network.latent_dim),
        "columns": json.dumps(columns(generator.condition)),
        "condition": json.dumps(generator.config.condition),
        "run": json.dumps(generator.config.to_json()),
    }


def columns(condition: Condition) -> list[str]:
    """Returns the name of each column of an encoded condition.

    >>> from condgan import Codes
    >>> columns(Codes({"digit": 2}, ["slant"]))
    ['digit=0', 'digit=1', 'slant']
    """
    return [*condition.values, *(control.name for control in condition.controls if not control.values)]


def plain_network(generator: LoadedGenerator) -> Generator:
    """Returns a copy on the CPU without parametrisations such as spectral norm, whose weights are what they yield."""
    network = deepcopy(generator.network).cpu().eval()
    for module in list(network.modules()):
        if parametrize.is_parametrized(module):
            # A copy shares the class that torch made for the original, and removal would take the weights from both.
            shared = type(module)
            module.__class__ = type(shared.__name__, shared.__bases__, dict(shared.__dict__))
            for name in list(module.parametrizations):  # type: ignore[arg-type]
                parametrize.remove_parametrizations(module, name)
    return network


def to_program(generator: LoadedGenerator) -> ExportedProgram:
    """Returns the generator as a program of torch.export with a free batch size."""
    with _plain_attention():
        return torch.export.export(
            plain_network(generator), _inputs(generator, 2), dynamic_shapes=({0: Dim("batch")}, {0: Dim("batch")})
        )


def program_file(generator: LoadedGenerator) -> bytes:
    """Returns the content of a .pt2 file for `torch.export.load`, with `metadata` in the extra file condgan.json."""
    buffer, program = io.BytesIO(), to_program(generator)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns that weights which share memory might not be on the CPU
        torch.export.save(program, buffer, extra_files={"condgan.json": json.dumps(metadata(generator))})
    return buffer.getvalue()


def onnx_file(generator: LoadedGenerator) -> bytes:
    """Returns the content of an ONNX file with `metadata` among its properties.

    Raises InputError if the libraries of the extra `export` are not installed.
    """
    try:
        import onnx
        import onnxscript  # noqa: F401  (used by torch)
    except ImportError as error:
        raise InputError(f"export to ONNX needs {error.name}: pip install 'condgan[export]'") from None
    program = to_program(generator)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns that both inputs share the name of their first dimension
        exported = torch.onnx.export(
            program,
            input_names=["z", "condition"],
            output_names=["image"],
            dynamic_shapes=({0: "batch"}, {0: "batch"}),
            verbose=False,
        )
    assert exported is not None  # as it always was for programs
    model = exported.model_proto
    onnx.helper.set_model_props(model, metadata(generator))
    return bytes(model.SerializeToString())


def onnx_difference(generator: LoadedGenerator, content: bytes) -> float:
    """Returns the largest difference of pixels in [-1, 1] between an ONNX file and torch, on three images.

    Raises InputError if onnxruntime is not installed.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise InputError(f"the check of an ONNX file needs {error.name}: pip install 'condgan[export]'") from None
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    z, c = _inputs(generator, 3)  # another number than the program was traced with
    (image,) = session.run(["image"], {"z": z.numpy(), "condition": c.numpy()})
    with torch.no_grad():
        expected = plain_network(generator)(z, c)
    return float((torch.from_numpy(image) - expected).abs().max())


def _inputs(generator: LoadedGenerator, num: int) -> tuple[Tensor, Tensor]:
    """Returns latents and encoded conditions: a batch of values of the vocabulary, or of points of a traversal."""
    condition = generator.condition
    c = torch.cat([condition.each_value(), *condition.traversals().values()])[:num]
    repeated = c.repeat_interleave(num, dim=0)[:num] if len(c) < num else c
    return generator.latents(num), condition.encode(repeated)


@contextmanager
def _plain_attention() -> Iterator[None]:
    """Switches off the fused layer of torch's transformers, for which ONNX has no counterpart."""
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)
