"""Accuracies that the reports print, with the intervals that they leave out."""

from condgan.metrics.estimate import Estimate, difference, wilson

TEST_OBJECTS, NEW_TEST_OBJECTS = 72, 84  # in test.json and new_test.json, of which the reports score one grid
NOT_APART = "the report's own numbers do not tell these apart"


def interval(accuracy: float, num_objects: int = TEST_OBJECTS) -> Estimate:
    """Returns a reported accuracy with Wilson's interval over the objects of its list, taken as independent.

    >>> print(interval(0.6944))  # 50 of 72
    0.694 [0.580, 0.789]
    """
    return wilson(accuracy, accuracy * (1 - accuracy) / num_objects, num_objects)


def accuracy(test: float, new_test: float | None = None) -> str:
    """Formats the accuracies on both lists, or on the first alone.

    >>> accuracy(0.7361, 0.8333)
    '0.736 [0.624, 0.824] / 0.833 [0.739, 0.898]'
    """
    found = [interval(test)] + ([] if new_test is None else [interval(new_test, NEW_TEST_OBJECTS)])
    return " / ".join(map(str, found))


def order(higher: float, lower: float) -> str:
    """Formats two accuracies on the first list, and says so if the interval of their difference includes 0.

    >>> order(0.7361, 0.6944)
    "0.736 > 0.694; the report's own numbers do not tell these apart"
    """
    gap = difference(interval(higher), interval(lower))
    return f"{higher:.3f} > {lower:.3f}" + ("" if gap.low > 0 else f"; {NOT_APART}")
