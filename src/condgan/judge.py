"""The judge: a classifier that measures obedience, trained on images that no GAN sees."""

import json
import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

import torch
from safetensors.torch import save as to_safetensors
from torch import Tensor, nn
from torch.nn.functional import interpolate
from torchvision.models import resnet18

from condgan.conditions import Condition, from_json, to_json
from condgan.data.dataset import Images, to_float
from condgan.errors import InputError
from condgan.files import read_safetensors


@dataclass(frozen=True)
class Samples:
    """Images as a judge saw them: the wanted conditions `c`, its logits (N, num_logits) and features (N, F)."""

    c: Tensor
    logits: Tensor
    features: Tensor

    def __len__(self) -> int:
        return len(self.c)


class Judge(nn.Module):
    """Reads a condition from an image: features (N, F) by `body`, logits by a linear `head` on them."""

    def __init__(self, condition: Condition, resolution: int, body: nn.Module, head: nn.Linear, name: str):
        super().__init__()
        self.condition, self.resolution, self.name = condition, resolution, name
        self.body, self.head = body, head

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Features and logits of images in [-1, 1], grey or coloured: resized straight to the judge's resolution."""
        if image.shape[-1] != self.resolution:
            image = interpolate(image, (self.resolution, self.resolution), mode="bilinear", antialias=True)
        features = self.body(image.expand(-1, 3, -1, -1))
        return features, self.head(features)

    @torch.no_grad()
    def read(self, images: Tensor, c: Tensor, batch_size: int = 250) -> Samples:
        """What the judge sees in uint8 images (N, 3, R, R) of which the conditions `c` were wanted."""
        self.eval()
        device = self.head.weight.device
        seen = [self(to_float(batch.to(device))) for batch in images.split(batch_size)]
        features, logits = (torch.cat(parts).cpu() for parts in zip(*seen, strict=True))
        return Samples(c, logits, features)


class _Block(nn.Module):
    """Residual block that halves the side. He et al. 2016, in the order of their section 3.4."""

    def __init__(self, channels_in: int, channels: int):
        super().__init__()
        self.residual = nn.Sequential(
            nn.Conv2d(channels_in, channels, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
        )
        self.skip = nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(channels_in, channels, 1, bias=False))

    def forward(self, h: Tensor) -> Tensor:
        return (self.skip(h) + self.residual(h)).relu()  # type: ignore[no-any-return]


def small_judge(condition: Condition, resolution: int) -> Judge:
    """A residual network of 0.7 million weights: 3 MB on disk at 24 labels.

    Reads at the resolution, or the next multiple of 8. Its last map is an eighth as wide: at 64x64 a far object is 6
    pixels wide, and its shape hangs on two of them.
    """
    body = nn.Sequential(
        nn.Conv2d(3, 32, 3, padding=1, bias=False),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        _Block(32, 64),
        _Block(64, 128),
        _Block(128, 160),
        nn.Dropout2d(0.1),
        nn.AdaptiveMaxPool2d(1),  # an object counts wherever it stands, and however much floor there is
        nn.Flatten(),
    )
    return Judge(condition, -(-resolution // 8) * 8, body, nn.Linear(160, condition.num_logits), "small")


def lab_judge(condition: Condition) -> Judge:
    """The i-CLEVR lab's scorer: a torchvision ResNet-18 at 64x64 whose last layer is `Linear(512, num_logits)`."""
    body = resnet18()
    head = nn.Linear(body.fc.in_features, condition.num_logits)
    body.fc = nn.Identity()
    return Judge(condition, 64, body, head, "lab")


def load(path: Path | None, condition: Condition) -> Judge:
    """The judge in a file: one of ours (.safetensors), or the lab's `checkpoint.pth`; without a file, the embedded one.

    Nothing is unpickled but tensors. Raises InputError if the file is no judge or knows other labels.
    """
    if path is None:
        with as_file(files("condgan") / "judge.safetensors") as embedded:
            return load(embedded, condition)
    if not path.is_file():
        raise InputError(f"judge {path}: no such file; expected a judge.safetensors or the lab's checkpoint.pth")
    judge = _load_ours(path) if path.suffix == ".safetensors" else _load_lab(path, condition)
    if judge.condition != condition:
        found = f"judge {path} reads {_brief(judge.condition)}, the data are labelled {_brief(condition)}"
        raise InputError(f"{found}; train one with `condgan judge train`")
    return judge.to(memory_format=torch.channels_last).eval()


def _brief(condition: Condition) -> str:
    return f"{len(condition.values)} values ({condition.values[0]}, ...)"


def _load_ours(path: Path) -> Judge:
    header, weights = read_safetensors(path)
    if "judge" not in header:
        raise InputError(f"judge {path}: not a judge; `condgan judge train` writes one")
    described = json.loads(header["judge"])
    judge = small_judge(from_json(described["condition"]), described["resolution"])
    judge.load_state_dict(weights)
    return judge


def _load_lab(path: Path, condition: Condition) -> Judge:
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise InputError(f"judge {path}: expected a file of tensors ({error})") from None
    weights = content.get("model") if isinstance(content, dict) else None
    if not isinstance(weights, dict):
        raise InputError(f"judge {path}: expected the weights of a ResNet-18 under the key 'model'")
    judge = lab_judge(condition)
    renamed = {_lab_name(name): weight for name, weight in weights.items()}
    try:
        judge.load_state_dict(renamed)
    except RuntimeError as error:
        raise InputError(f"judge {path}: not a ResNet-18 with {condition.num_logits} outputs ({error})") from None
    return judge


def _lab_name(name: str) -> str:
    """The lab's last layer is `fc`, or `fc.0` before a sigmoid; our head ends on logits."""
    for prefix in ("fc.0.", "fc."):
        if name.startswith(prefix):
            return "head." + name.removeprefix(prefix)
    return f"body.{name}"


def save(judge: Judge) -> bytes:
    """The judge as a safetensors file's content, its vocabulary in the header."""
    header = {"condition": to_json(judge.condition), "resolution": judge.resolution}
    weights = {name: weight.contiguous() for name, weight in judge.state_dict().items()}
    return to_safetensors(weights, {"judge": json.dumps(header)})


@dataclass(frozen=True)
class Lesson:
    """How the training of a judge stands."""

    step: int
    num_steps: int
    loss: float


def train(
    judge: Judge, images: Images, *, num_epochs: int, seed: int, batch_size: int = 64, precision: str = "no"
) -> Iterator[Lesson]:
    """Maximises the likelihood of the labels of the training part; yields after each batch.

    AdamW with a one-cycle schedule up to 2e-3; `precision` is "no" or "bf16". Images are shifted by up to a sixteenth,
    mirrored at random if the data are symmetric, and noise of up to 4 levels is added. Colour is left alone: it often
    is the label.
    """
    torch.manual_seed(seed)
    training = images.part(held_out=False)
    steps_per_epoch = len(training) // batch_size
    if not steps_per_epoch:
        raise InputError(f"found {len(training)} training images, expected at least {batch_size} to train a judge")
    num_steps = num_epochs * steps_per_epoch
    optimizer = torch.optim.AdamW(judge.parameters(), weight_decay=0.01, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=num_steps)
    judge.train().to(memory_format=torch.channels_last)
    for step in range(num_steps):
        if step % steps_per_epoch == 0:
            order = torch.randperm(len(training))
        at = order[step % steps_per_epoch * batch_size :][:batch_size]
        image = _augment(to_float(training.images[at]), mirror=images.symmetric)
        image = image.contiguous(memory_format=torch.channels_last)
        with torch.autocast(image.device.type, torch.bfloat16, enabled=precision == "bf16"):
            _, logits = judge(image)
        loss = judge.condition.nll(logits.float(), training.labels[at]).mean()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        schedule.step()
        yield Lesson(step + 1, num_steps, loss.item())


def _augment(image: Tensor, *, mirror: bool) -> Tensor:
    mirrored = torch.rand(len(image), 1, 1, 1) < 0.5 * mirror
    image = torch.where(mirrored, image.flip(3), image)
    shift = image.shape[-1] // 16
    dy, dx = torch.randint(-shift, shift + 1, (2,)).tolist()
    return image.roll((dy, dx), (2, 3)) + torch.randn_like(image) * torch.rand(len(image), 1, 1, 1) * 4 / 127.5


def calibration_error(judge: Judge, samples: Samples, num_bins: int = 15) -> float:
    """Expected calibration error of the probabilities of all values. Guo et al. 2017, eq. 3, over all of them."""
    probability = judge.condition.probabilities(samples.logits).flatten()
    present = judge.condition.hits(samples.logits, samples.c)[1].float().flatten()
    bins = (probability * num_bins).long().clamp(max=num_bins - 1)
    gaps = [(present[bins == b] - probability[bins == b]).sum().abs() for b in range(num_bins)]
    return float(torch.stack(gaps).sum() / len(present))
