"""Calibration of a judge: whether its probabilities are frequencies."""

import torch

from condgan.judge.model import Judge, Samples


def calibration_error(judge: Judge, samples: Samples, num_bins: int = 15) -> float:
    """Returns the expected calibration error over the probabilities of all values, in [0, 1].

    Guo et al. 2017, eq. 3.
    """
    probability = judge.condition.probabilities(samples.logits).flatten()
    present = judge.condition.wanted(samples.c).float().flatten()
    bins = (probability * num_bins).long().clamp(max=num_bins - 1)
    gaps = [(present[bins == b] - probability[bins == b]).sum().abs() for b in range(num_bins)]
    return float(torch.stack(gaps).sum() / len(present))
