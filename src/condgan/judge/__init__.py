"""The judge: a classifier that scores generated images, trained separately on real images."""

from condgan.judge.calibration import calibration_error
from condgan.judge.chance import held_out_accuracy
from condgan.judge.formats import judge_for, judge_to_bytes, load_judge, load_second_judge, read_judge
from condgan.judge.model import ARCHITECTURES, HeldOut, Judge, Samples, dilated_judge, lab_judge, small_judge
from condgan.judge.seen import num_seen
from condgan.judge.training import JudgeStep, train_classifier, train_judge

__all__ = [
    "ARCHITECTURES",
    "HeldOut",
    "Judge",
    "JudgeStep",
    "Samples",
    "calibration_error",
    "dilated_judge",
    "held_out_accuracy",
    "judge_for",
    "judge_to_bytes",
    "lab_judge",
    "load_judge",
    "load_second_judge",
    "num_seen",
    "read_judge",
    "small_judge",
    "train_classifier",
    "train_judge",
]
