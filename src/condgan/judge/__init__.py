"""The judge: a classifier that scores generated images, trained on images that no GAN sees."""

from condgan.judge.calibration import calibration_error
from condgan.judge.formats import judge_to_bytes, load_judge
from condgan.judge.model import Judge, Samples, lab_judge, small_judge
from condgan.judge.training import JudgeStep, train_judge

__all__ = [
    "Judge",
    "JudgeStep",
    "Samples",
    "calibration_error",
    "judge_to_bytes",
    "lab_judge",
    "load_judge",
    "small_judge",
    "train_judge",
]
