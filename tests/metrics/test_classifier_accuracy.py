from dataclasses import replace

import pytest

from condgan.data import Images, shapes
from condgan.metrics import classifier_accuracy
from nearest_mean import nearest_mean


@pytest.fixture(scope="module")
def real() -> Images:
    return shapes("class", 8, num_images=1200)


def test_real_images_train_a_better_classifier_than_images_that_ignore_their_class(real: Images) -> None:
    generated = shapes("class", 8, num_images=1200, seed=1)
    ignoring = replace(generated, labels=generated.labels.roll(1))
    good, bad = (classifier_accuracy(images, real, nearest_mean) for images in (generated, ignoring))
    assert good.value > 0.3
    assert bad.high < good.low
    assert bad.value == pytest.approx(1 / 24, abs=0.03)


def test_only_real_images_are_scored(real: Images) -> None:
    judge = nearest_mean(real)
    samples = judge.classify(real.images, real.labels)
    expected = (samples.logits.argmax(1) == real.labels).double().mean()
    found = classifier_accuracy(shapes("class", 8, num_images=50, seed=2), real, lambda images: judge)
    assert found.value == pytest.approx(float(expected))
