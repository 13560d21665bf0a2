"""The judge: a classifier that scores generated images, trained on images that no GAN sees."""

from condgan.judge.calibration import calibration_error
from condgan.judge.formats import judge_for, judge_to_bytes, load_judge, load_second_judge
from condgan.judge.model import ARCHITECTURES, Judge, Samples, dilated_judge, lab_judge, small_judge
from condgan.judge.seen import num_seen
from condgan.judge.training import JudgeStep, train_classifier, train_judge

__all__ = [
    "ARCHITECTURES",
    "Judge",
    "JudgeStep",
    "Samples",
    "calibration_error",
    "dilated_judge",
    "judge_for",
    "judge_to_bytes",
    "lab_judge",
    "load_judge",
    "load_second_judge",
    "num_seen",
    "small_judge",
    "train_classifier",
    "train_judge",
]
