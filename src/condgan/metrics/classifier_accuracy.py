"""Classification accuracy score (CAS): whether generated images can replace real ones in training a classifier."""

from collections.abc import Callable

from condgan.data.dataset import Images
from condgan.judge import Judge
from condgan.metrics.condition_accuracy import exact_accuracy
from condgan.metrics.estimate import Estimate


def classifier_accuracy(generated: Images, reals: Images, train: Callable[[Images], Judge]) -> Estimate:
    """Exact accuracy on real images of a classifier that `train` trained on generated ones, in [0, 1].

    Compare with a classifier that was trained on as many real images. Ravuri and Vinyals 2019, section 3, with the
    whole condition in the place of the class. The interval is for other real images and the same classifier.
    """
    samples = train(generated).classify(reals.images, reals.labels)
    return exact_accuracy(samples, samples, reals.condition)
