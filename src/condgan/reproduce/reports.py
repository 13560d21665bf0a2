"""The published experiments and their claims."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from condgan.reproduce.codes import controlled, diverging, matched
from condgan.reproduce.evidence import HELD_OUT, NEW_TEST, TEST, Check, above, always, grows, value

NO_NUMBER = "no number"


@dataclass(frozen=True)
class Claim:
    """A statement of a report, the number it gives, and the check of it against our runs."""

    says: str
    reported: str
    check: Check


@dataclass(frozen=True)
class Report:
    """A report: specs in `examples/` that repeat its experiment, the data set, and its claims.

    `specs` maps each file to the variants that its claims need; an empty list means all. The i-CLEVR images are not
    public, so the embedded sample of rendered scenes is used instead. With data "" the user has to provide a data set.
    """

    title: str
    specs: Mapping[str, Sequence[str]]
    data: str
    claims: Sequence[Claim]


def _aux(weight: int) -> str:
    return f"acgan-aux_weight={weight}"


REPORTS: Mapping[str, Report] = {
    "000": Report(
        "conditional DCGAN on i-CLEVR",
        {"learning_rate.yaml": ()},
        "sample",
        [
            Claim("accuracy", "0.61", value("cdcgan-learning_rate=1e-4", TEST)),
            Claim(
                "a learning rate that is too high gives lower accuracy (here ten times as high)",
                NO_NUMBER,
                above("cdcgan-learning_rate=1e-4", "cdcgan-learning_rate=1e-3"),
            ),
            Claim("too few epochs give lower accuracy", NO_NUMBER, grows("cdcgan-learning_rate=1e-4")),
        ],
    ),
    "001": Report(
        "multi-label ACGAN on i-CLEVR",
        {"aux_weight.yaml": (), "architectures.yaml": ("acgan", "dcgan")},
        "sample",
        [
            Claim("accuracy on test / new_test", "0.843 / 0.786", value(_aux(100), TEST, NEW_TEST)),
            Claim("auxiliary weight 100 gives higher accuracy than 24", "0.843 > 0.639", above(_aux(100), _aux(24))),
            Claim("auxiliary weight 24 gives higher accuracy than 1", "0.639 > 0.375", above(_aux(24), _aux(1))),
            Claim("ACGAN has higher accuracy than DCGAN", "0.843 > 0.694", above("acgan", "dcgan")),
            Claim(
                "images of DCGAN look better than those of ACGAN (here: lower KID)",
                NO_NUMBER,
                above("dcgan", "acgan", "kid[judge]", HELD_OUT, sign=-1),
            ),
        ],
    ),
    "002": Report(
        "ACGAN with two attributes on anime faces",
        {"attributes.yaml": ()},
        "",
        [
            Claim(
                "embeddings give higher accuracy than one-hot vectors",
                NO_NUMBER,
                above("embeddings", "one_hot", rows=HELD_OUT),
            ),
            Claim(
                "smoothed targets stabilise training (here: lower KID)",
                NO_NUMBER,
                above("embeddings", "hard_targets", "kid[judge]", HELD_OUT, sign=-1),
            ),
            Claim(
                "the generator's loss stays above the discriminator's",
                NO_NUMBER,
                always(
                    "embeddings",
                    "G's loss is above the mean of D's losses on real and fake images",
                    lambda line: line["G/fake"] > (line["D/real"] + line["D/fake"]) / 2,
                ),
            ),
        ],
    ),
    "003": Report(
        "InfoGAN on MNIST",
        {"infogan.yaml": ()},
        "mnist",
        [
            Claim(
                "the categorical code selects the digits 0 to 9, in an arbitrary order", NO_NUMBER, matched("infogan")
            ),
            Claim("one continuous code controls width, the other rotation", NO_NUMBER, controlled("infogan")),
            Claim(
                "the losses move apart when trained too long, after about 80 epochs", "epoch 80", diverging("infogan")
            ),
        ],
    ),
    "004": Report(
        "SAGAN on i-CLEVR",
        {"architectures.yaml": ("sagan", "dcgan")},
        "sample",
        [
            Claim("accuracy on test / new_test", "0.74 / 0.83", value("sagan", TEST, NEW_TEST)),
            Claim("SAGAN has higher accuracy than DCGAN", "0.74 > 0.69", above("sagan", "dcgan")),
        ],
    ),
}
