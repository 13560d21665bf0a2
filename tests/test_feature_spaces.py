"""Feature spaces of other libraries. Nothing is downloaded."""

import sys
from pathlib import Path

import pytest
import torch
from huggingface_hub.errors import LocalEntryNotFoundError
from safetensors.torch import save_file
from torch import Tensor

from condgan import feature_spaces
from condgan.errors import InputError
from condgan.feature_spaces import feature_space

MODEL = "test_resnet"


def tiny_model(seed: int = 0) -> torch.nn.Module:
    import timm

    torch.manual_seed(seed)
    model: torch.nn.Module = timm.create_model(MODEL).eval()
    return model


@pytest.mark.parametrize(
    ("spec", "parts"),
    [
        ("incepton=a.pth", "did you mean 'inception'"),
        ("clip", "expected inception=FILE, timm:MODEL or timm:MODEL=FILE"),
        ("inception", "inception=FILE: no such file.*download it once from https://github.com/toshas/torch-fidelity"),
        ("inception=nowhere.pth", "nowhere.pth: no such file"),
        ("timm:test_resnett", "no such model; did you mean 'test_resnet'"),
        ("timm:test_resnet=nowhere.safetensors", "nowhere.safetensors: no such file"),
    ],
)
def test_an_unusable_space_is_refused(spec: str, parts: str) -> None:
    with pytest.raises(InputError, match=parts):
        feature_space(spec)


@pytest.mark.parametrize(
    ("spec", "library", "extra"),
    [("timm:test_resnet", "timm", "timm"), ("inception=a.pth", "torch_fidelity", "fidelity")],
)
def test_a_missing_library_is_named_with_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, spec: str, library: str, extra: str
) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == library]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(InputError, match=rf"not installed; install it: pip install \"condgan\[{extra}\]\""):
        feature_space(spec)


def test_other_weights_of_inception_are_refused_and_not_unpickled(tmp_path: Path) -> None:
    torch.save({"weight": torch.zeros(1)}, tmp_path / "other.pth")
    with pytest.raises(InputError, match=r"found the SHA-256 .*expected 6726825d.*not the weights that published"):
        feature_space(f"inception={tmp_path / 'other.pth'}")


def test_weights_of_inception_that_do_not_fit_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feature_spaces, "INCEPTION_SHA256", "")
    torch.save({"weight": torch.zeros(1)}, tmp_path / "other.pth")
    with pytest.raises(InputError, match="broken file"):
        feature_space(f"inception={tmp_path / 'other.pth'}")


def test_weights_of_timm_that_are_not_on_this_machine_are_not_downloaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def missing(repository: str, file: str, *, local_files_only: bool) -> str:
        asked.append(local_files_only)
        raise LocalEntryNotFoundError("not here")

    monkeypatch.setattr(feature_spaces, "hf_hub_download", missing)
    with pytest.raises(InputError, match=r"not on this machine; download them with: hf download timm/test_resnet"):
        feature_space(f"timm:{MODEL}")
    assert asked == [True]


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_features_of_a_timm_model_are_those_before_its_last_layer(tmp_path: Path, suffix: str) -> None:
    model, file = tiny_model(), tmp_path / f"weights{suffix}"
    save_file(model.state_dict(), str(file)) if suffix == ".safetensors" else torch.save(model.state_dict(), file)
    name, space = feature_space(f"timm:{MODEL}={file}")
    assert name == f"timm:{MODEL}"
    size = int(model.pretrained_cfg["input_size"][1])  # type: ignore[index]
    images = torch.randint(0, 256, (3, 3, size, size), dtype=torch.uint8)
    mean, std = (torch.tensor(model.pretrained_cfg[key])[:, None, None] for key in ("mean", "std"))  # type: ignore[index]
    with torch.no_grad():
        expected: Tensor = model.forward_head(  # type: ignore[operator]
            model.forward_features((images / 255 - mean) / std),  # type: ignore[operator]
            pre_logits=True,
        )
    samples = space.classify(images, torch.zeros(3))
    torch.testing.assert_close(samples.features, expected)
    assert samples.logits.shape == (3, 0)
    assert space.classify(images[:, :1, :16, :16], torch.zeros(3)).features.shape == expected.shape


def test_other_weights_have_another_fingerprint(tmp_path: Path) -> None:
    found = []
    for seed in (0, 1):
        save_file(tiny_model(seed).state_dict(), str(tmp_path / f"{seed}.safetensors"))
        found.append(feature_space(f"timm:{MODEL}={tmp_path / f'{seed}.safetensors'}")[1].fingerprint)
    assert found[0] != found[1]


def test_weights_of_another_model_are_refused(tmp_path: Path) -> None:
    save_file({"weight": torch.zeros(2)}, str(tmp_path / "a.safetensors"))
    with pytest.raises(InputError, match="weights do not fit"):
        feature_space(f"timm:{MODEL}={tmp_path / 'a.safetensors'}")
    (tmp_path / "b.pth").write_bytes(b"PK")
    with pytest.raises(InputError, match=r"b\.pth: broken file"):
        feature_space(f"timm:{MODEL}={tmp_path / 'b.pth'}")
