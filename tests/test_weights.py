import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from condgan.errors import InputError
from condgan.weights import read_safetensors, to_safetensors


def test_safetensors_are_read_with_their_header(tmp_path: Path) -> None:
    file = tmp_path / "a.safetensors"
    save_file({"x": torch.arange(3)}, str(file), {"run": json.dumps({"seed": 1})})
    header, tensors = read_safetensors(file)
    assert header == {"run": '{"seed": 1}'}
    assert {name: tensor.tolist() for name, tensor in tensors.items()} == {"x": [0, 1, 2]}
    save_file({"x": torch.arange(3)}, str(file))
    assert read_safetensors(file)[0] == {}


def test_equal_tensors_and_headers_give_equal_files(tmp_path: Path) -> None:
    header = {f"entry {i}": "grün" * i for i in range(20)}
    content = to_safetensors({"x": torch.arange(6).reshape(2, 3).T, "y": torch.ones(())}, header)
    again = to_safetensors({"x": torch.arange(6).reshape(2, 3).T, "y": torch.ones(())}, dict(reversed(header.items())))
    assert content == again
    (tmp_path / "a.safetensors").write_bytes(content)
    found, tensors = read_safetensors(tmp_path / "a.safetensors")
    assert found == header
    assert tensors["x"].tolist() == [[0, 3], [1, 4], [2, 5]]


def test_broken_safetensors_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.safetensors").write_bytes(b"no tensors")
    with pytest.raises(InputError, match=r"a\.safetensors: broken file"):
        read_safetensors(tmp_path / "a.safetensors")
