import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torchvision.models import resnet18

from condgan.conditions import Attributes, Class, MultiLabel
from condgan.data.dataset import to_float
from condgan.errors import InputError
from condgan.judge import Judge, Samples, calibration_error, judge_to_bytes, load_judge, small_judge, train_judge
from condgan.rendering.scenes import LABELS
from contracts import tiny_images

CONDITION = MultiLabel(LABELS)


def lab_network(sigmoid: bool) -> nn.Module:
    torch.manual_seed(0)
    network: nn.Module = resnet18()
    last = nn.Linear(512, 24)
    network.fc = nn.Sequential(last, nn.Sigmoid()) if sigmoid else last
    for module in network.modules():
        if (
            isinstance(module, nn.BatchNorm2d) and module.running_mean is not None
        ):  # so that a buffer that is not loaded is noticed
            nn.init.uniform_(module.running_mean)
    return network.eval()


@pytest.fixture
def small(tmp_path: Path) -> tuple[Judge, Path]:
    torch.manual_seed(0)
    judge, file = small_judge(CONDITION, 64).eval(), tmp_path / "judge.safetensors"
    file.write_bytes(judge_to_bytes(judge))
    return judge, file


@pytest.mark.parametrize("sigmoid", [False, True])
def test_a_lab_checkpoint_gives_the_logits_of_its_network(tmp_path: Path, sigmoid: bool) -> None:
    network = lab_network(sigmoid)
    torch.save({"model": network.state_dict()}, tmp_path / "checkpoint.pth")
    judge = load_judge(tmp_path / "checkpoint.pth", CONDITION)
    image = torch.rand(2, 3, 64, 64) * 2 - 1
    with torch.no_grad():
        features, logits = judge(image)
        expected = network(image)
    assert features.shape == (2, 512)
    assert not judge.training
    torch.testing.assert_close(logits.sigmoid() if sigmoid else logits, expected, atol=1e-5, rtol=1e-4)


class Malicious:
    def __init__(self, target: Path):
        self.target = target

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return Path.touch, (self.target,)


@pytest.mark.parametrize("by_torch", [True, False])
def test_a_checkpoint_that_would_run_code_is_refused(tmp_path: Path, by_torch: bool) -> None:
    file, target = tmp_path / "checkpoint.pth", tmp_path / "created"
    content = {"model": Malicious(target)}
    torch.save(content, file) if by_torch else file.write_bytes(pickle.dumps(content, protocol=2))
    with pytest.raises(InputError, match="expected a file of tensors"):
        load_judge(file, CONDITION)
    assert not target.exists()


@pytest.mark.parametrize(
    "content",
    [
        {"weights": {}},
        [1, 2],
        {"model": {"conv1.weight": torch.zeros(3)}},
        torch.zeros(3),
        {"model": 3},
    ],
)
def test_a_checkpoint_of_something_else_is_refused(tmp_path: Path, content: Any) -> None:
    torch.save(content, tmp_path / "checkpoint.pth")
    with pytest.raises(InputError, match=r"checkpoint\.pth"):
        load_judge(tmp_path / "checkpoint.pth", CONDITION)


def test_a_lab_checkpoint_for_another_number_of_labels_is_refused(tmp_path: Path) -> None:
    torch.save({"model": lab_network(False).state_dict()}, tmp_path / "checkpoint.pth")
    with pytest.raises(InputError, match="expected the weights of a ResNet-18 with 2 outputs"):
        load_judge(tmp_path / "checkpoint.pth", MultiLabel("ab"))


def test_a_small_judge_is_loaded_bit_for_bit(small: tuple[Judge, Path]) -> None:
    judge, file = small
    loaded = load_judge(file, CONDITION)
    assert (loaded.condition, loaded.resolution) == (CONDITION, 64)
    before, after = judge.state_dict(), loaded.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_a_small_judge_fits_in_five_megabytes(small: tuple[Judge, Path]) -> None:
    assert small[1].stat().st_size <= 5_000_000


def test_a_judge_of_another_vocabulary_is_refused(small: tuple[Judge, Path]) -> None:
    with pytest.raises(InputError, match=r"recognises 24 values .*labelled with 2 values .*condgan judge train"):
        load_judge(small[1], MultiLabel(("cat", "dog")))


def test_a_judge_of_the_same_names_in_another_order_is_refused(small: tuple[Judge, Path]) -> None:
    with pytest.raises(InputError, match="recognises 24 values"):
        load_judge(small[1], MultiLabel(LABELS[::-1]))


def test_a_missing_or_broken_judge_is_named(tmp_path: Path, small: tuple[Judge, Path]) -> None:
    with pytest.raises(InputError, match=r"nowhere\.safetensors: no such file"):
        load_judge(tmp_path / "nowhere.safetensors", CONDITION)
    (tmp_path / "broken.safetensors").write_bytes(small[1].read_bytes()[:-100])
    with pytest.raises(InputError, match=r"broken\.safetensors: broken file"):
        load_judge(tmp_path / "broken.safetensors", CONDITION)
    (tmp_path / "broken.pth").write_bytes(b"not a checkpoint")
    with pytest.raises(InputError, match=r"broken\.pth"):
        load_judge(tmp_path / "broken.pth", CONDITION)


def test_a_safetensors_file_of_something_else_is_refused(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    save_file({"a": torch.zeros(2)}, str(tmp_path / "other.safetensors"))
    with pytest.raises(InputError, match="not a judge"):
        load_judge(tmp_path / "other.safetensors", CONDITION)


def test_images_of_another_size_are_resized(small: tuple[Judge, Path]) -> None:
    judge, image = small[0], torch.rand(2, 3, 64, 64) * 2 - 1
    with torch.no_grad():
        larger = image.repeat_interleave(2, 2).repeat_interleave(2, 3)
        expected = nn.functional.interpolate(larger, (64, 64), mode="bilinear", antialias=True)
        torch.testing.assert_close(judge(larger)[1], judge(expected)[1])
        assert judge(torch.rand(1, 3, 32, 16))[1].shape == (1, 24)


def test_classification_does_not_depend_on_the_batch_size(small: tuple[Judge, Path]) -> None:
    judge, images = small[0], torch.randint(0, 256, (7, 3, 64, 64), dtype=torch.uint8)
    c = torch.zeros(7, 24)
    whole, parts = judge.classify(images, c), judge.classify(images, c, batch_size=3)
    torch.testing.assert_close(whole.logits, parts.logits, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(whole.logits, judge(to_float(images))[1].detach(), atol=1e-5, rtol=1e-4)
    assert len(whole) == 7
    assert whole.c is c


def test_training_has_all_steps_of_all_epochs() -> None:
    images = tiny_images("class", num_images=80)
    judge = small_judge(images.condition, 16)
    steps = list(train_judge(judge, images, num_epochs=2, seed=0, batch_size=16))
    assert [step.step for step in steps] == list(range(1, 9))
    assert {step.num_steps for step in steps} == {8}


def test_training_lowers_the_loss_and_is_reproducible() -> None:
    images = tiny_images("multi_label", num_images=160)

    def losses(seed: int) -> list[float]:
        torch.manual_seed(0)
        judge = small_judge(images.condition, 16)
        return [step.loss for step in train_judge(judge, images, num_epochs=5, seed=seed, batch_size=32)]

    first = losses(0)
    assert first[-1] < 0.7 * first[0]
    assert losses(0) == first
    assert losses(1) != first


def test_held_out_images_are_not_used_in_training() -> None:
    images = tiny_images("class", num_images=80)
    held_out = images.held_out.nonzero().flatten()
    images.labels[held_out] = 10**6  # would raise if it were used
    judge = small_judge(Class(images.condition.values), 16)
    assert len(list(train_judge(judge, images, num_epochs=1, seed=0, batch_size=16))) == 4


def test_calibration_error_agrees_with_a_hand_computed_case() -> None:
    condition = MultiLabel("ab")
    probability = torch.tensor([[0.95, 0.05], [0.95, 0.05]])
    samples = Samples(torch.tensor([[1, 0], [0, 0]]), probability.logit(), torch.zeros(2, 1))
    # Bin of 0.95: one of two is present, gap 0.45. Bin of 0.05: none of two, gap 0.05. Each holds half of the labels.
    assert calibration_error(small_judge(condition, 16), samples) == pytest.approx(0.25)


def test_attributes_are_calibrated_under_their_softmax() -> None:
    torch.manual_seed(0)
    condition = Attributes({"hair": "abc", "eyes": "de"})
    logits = 2 * torch.randn(20000, 5)
    c = torch.stack([part.softmax(1).multinomial(1)[:, 0] for part in logits.split([3, 2], dim=1)], dim=1)
    judge = small_judge(condition, 16)
    assert calibration_error(judge, Samples(c, logits, torch.zeros(1))) < 0.02
    assert calibration_error(judge, Samples(c, 3 * logits, torch.zeros(1))) > 0.05


def test_a_calibrated_judge_has_almost_no_calibration_error() -> None:
    torch.manual_seed(0)
    probability = torch.rand(20000, 2)
    c = (torch.rand(20000, 2) < probability).to(torch.uint8)
    judge = small_judge(MultiLabel("ab"), 16)

    def error(logits: Tensor) -> float:
        return calibration_error(judge, Samples(c, logits, torch.zeros(1)))

    assert error(probability.logit()) < 0.02
    assert error(3 * probability.logit()) > 0.1
