"""Feature spaces other than the judge's, for FID, KID and the like: Inception's, and those of timm's models.

Weights are read from a file, or from what is there of the Hub's cache. Nothing is downloaded.
"""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import hf_hub_download
from huggingface_hub.errors import LocalEntryNotFoundError
from torch import Tensor, nn
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2.functional import normalize, resize

from condgan.errors import InputError, did_you_mean, first_line
from condgan.files import check_file
from condgan.judge import Samples
from condgan.weights import load_weights, read_safetensors, read_torch

INCEPTION = "weights-inception-2015-12-05-6726825d.pth"
INCEPTION_URL = f"https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/{INCEPTION}"
INCEPTION_SHA256 = "6726825d"  # the first digits, which are in its name
BATCH = 50  # images; Inception's maps of one are 12 MB


@dataclass(frozen=True)
class FeatureSpace:
    """A network from uint8 images (N, 3, R, R) to features (N, F)."""

    network: nn.Module
    fingerprint: str

    @torch.no_grad()
    def classify(self, images: Tensor, c: Tensor) -> Samples:
        """Returns the features of uint8 images (N, 1 or 3, R, R), without logits."""
        found = next(self.network.parameters(), None)
        device = images.device if found is None else found.device
        batches = images.expand(-1, 3, -1, -1).split(BATCH)
        features = torch.cat([self.network(batch.to(device)).float().cpu() for batch in batches])
        return Samples(c, features.new_empty(len(images), 0), features)


def feature_space(spec: str) -> tuple[str, FeatureSpace]:
    """Loads the space of `inception=FILE`, `timm:MODEL` or `timm:MODEL=FILE`; returns its name and the network.

    Raises InputError if it is unknown, if its library is not installed, and if its weights are missing, broken or
    others.
    """
    name, _, file = spec.partition("=")
    kind, _, model = name.partition(":")
    if kind not in SPACES:
        found = f"--features: found {spec!r}{did_you_mean(kind, SPACES)}"
        raise InputError(f"{found}; expected inception=FILE, timm:MODEL or timm:MODEL=FILE")
    return name, SPACES[kind](model, Path(file) if file else None)


class _Inception(nn.Module):
    """Features of torch-fidelity's extractor, which returns a tuple."""

    def __init__(self, extractor: nn.Module):
        super().__init__()
        self.extractor = extractor

    def forward(self, images: Tensor) -> Tensor:
        (features,) = self.extractor(images)
        return features  # type: ignore[no-any-return]


def _inception(model: str, file: Path | None) -> FeatureSpace:
    """The features of FID's authors, of 2,048 numbers: Heusel et al. 2017."""
    fidelity = _library("torch_fidelity.feature_extractor_inceptionv3", "inception", "fidelity")
    where, advice = f"--features inception={file or 'FILE'}", f"download it once from {INCEPTION_URL}"
    if file is None or not file.is_file():
        raise InputError(f"{where}: no such file, expected the weights of torch-fidelity; {advice}")
    content = file.read_bytes()
    digest = sha256(content).hexdigest()
    if not digest.startswith(INCEPTION_SHA256):
        found = f"found the SHA-256 {digest[:8]}..., expected {INCEPTION_SHA256}..."
        raise InputError(f"{where}: {found}: not the weights that published scores are measured with; {advice}")
    try:
        weights = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        safe = io.BytesIO()  # the extractor would unpickle anything
        torch.save(weights, safe)
        safe.seek(0)
        extractor = fidelity.FeatureExtractorInceptionV3("inception", ["2048"], feature_extractor_weights_path=safe)
    except Exception as error:  # torch does not say what it raises for a broken file
        raise InputError(f"{where}: broken file ({first_line(error)}); {advice}") from None
    return FeatureSpace(_Inception(extractor), f"inception {digest}")


class _Timm(nn.Module):
    """Features of a model of timm, with images resized and normalised as its configuration says."""

    def __init__(self, model: nn.Module, config: Mapping[str, Any]):
        super().__init__()
        self.model, self.size = model.eval(), list(config["input_size"][1:])
        self.mean, self.std = list(config["mean"]), list(config["std"])
        self.interpolation = InterpolationMode(config["interpolation"])

    def forward(self, images: Tensor) -> Tensor:
        shown = resize(images, self.size, self.interpolation, antialias=True).float() / 255
        features: Tensor = self.model(normalize(shown, self.mean, self.std))
        return features


def _timm(name: str, file: Path | None) -> FeatureSpace:
    """The features before the last layer of a model of timm."""
    timm = _library("timm", f"timm:{name}", "timm")
    where = f"--features timm:{name}"
    known = timm.list_models(pretrained=True) + timm.list_models()
    if not name or name not in known:
        raise InputError(f"{where}: no such model{did_you_mean(name, known)}; timm.list_models() has all names")
    model = timm.create_model(name)
    file = file or _cached(where, model.pretrained_cfg)
    check_file(file, f"the weights of {name}")
    if file.suffix == ".safetensors":
        _, weights = read_safetensors(file)
    else:
        try:
            weights = read_torch(file)
        except Exception as error:  # torch does not say what it raises for a broken file
            reason = first_line(error)
            raise InputError(f"{file}: broken file ({reason}); restore it") from None
    if not isinstance(weights, dict) or not all(isinstance(weight, Tensor) for weight in weights.values()):
        raise InputError(f"{file}: expected weights by name, as timm's files have; {where}=FILE names another file")
    model = load_weights(lambda: timm.create_model(name), weights, str(file))
    model.reset_classifier(0)
    digest = sha256(file.read_bytes()).hexdigest()
    return FeatureSpace(_Timm(model, timm.data.resolve_data_config(model=model)), f"timm:{name} {digest}")


def _cached(where: str, config: Mapping[str, Any]) -> Path:
    """Returns the file of weights in the cache of the Hub."""
    repository = config.get("hf_hub_id")
    if not repository:
        raise InputError(f"{where}: timm has no weights for it; name a file, {where.split()[-1]}=FILE")
    try:
        return Path(hf_hub_download(repository, "model.safetensors", local_files_only=True))
    except LocalEntryNotFoundError:
        advice = f"download them with: hf download {repository} model.safetensors"
        raise InputError(f"{where}: its weights are not on this machine; {advice}, or name a file with =FILE") from None


def _library(module: str, space: str, extra: str) -> Any:
    try:
        return import_module(module)
    except ImportError as error:
        missing = f"{error.name or module} is not installed"
        raise InputError(f'--features {space}: {missing}; install it: pip install "condgan[{extra}]"') from None


SPACES: Mapping[str, Callable[[str, Path | None], FeatureSpace]] = {"inception": _inception, "timm": _timm}
