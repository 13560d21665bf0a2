"""The published experiments and their claims."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from condgan.reproduce import reported
from condgan.reproduce.codes import controlled, matched
from condgan.reproduce.embeddings import similar
from condgan.reproduce.evidence import CODES, HELD_OUT, NEW_TEST, TEST, Evidence, Verdict, above, beside, value
from condgan.reproduce.over_training import (
    always,
    approaching,
    diverging,
    grows,
    real_told_apart_first,
    steady,
    within_with_a_rise,
    worse_when_trained_too_long,
)
from condgan.scores import KID

NO_NUMBER = "no number"
NOT_CLAIMED = "not compared"


@dataclass(frozen=True)
class Claim:
    """A statement of a report, the number it gives, and the check of it against our runs.

    The check raises NotComparable if the runs lack what it needs.
    """

    says: str
    reported: str
    check: Callable[[Evidence], Verdict]


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


def _better_images(evidence: Evidence, better: str, worse: str) -> Verdict:
    return above(evidence, better, worse, KID, HELD_OUT, sign=-1)


REPORTS: Mapping[str, Report] = {
    "000": Report(
        "conditional DCGAN on i-CLEVR",
        {"learning_rate.yaml": ()},
        "sample",
        [
            Claim("accuracy", reported.accuracy(44 / 72), lambda e: value(e, "cdcgan", TEST)),
            Claim(
                "a learning rate that is too high gives lower accuracy (here ten times as high)",
                NO_NUMBER,
                lambda e: above(e, "cdcgan", "high_rate"),
            ),
            Claim("too few epochs give lower accuracy", NO_NUMBER, lambda e: grows(e, "cdcgan")),
            Claim(
                "DCGAN keeps the training stable (here: KID does not rise again)",
                NO_NUMBER,
                lambda e: steady(e, "cdcgan"),
            ),
            Claim(
                "the printed loss log(1 - D(G(z))) of G (here beside -log D(G(z)))",
                NOT_CLAIMED,
                lambda e: beside(e, "saturating", "cdcgan"),
            ),
        ],
    ),
    "001": Report(
        "multi-label ACGAN on i-CLEVR",
        {"aux_weight.yaml": (), "architectures.yaml": ("acgan", "dcgan")},
        "sample",
        [
            Claim(
                "accuracy on test / new_test",
                reported.accuracy(0.8431, 66 / 84),
                lambda e: value(e, _aux(100), TEST, NEW_TEST),
            ),
            Claim(
                "auxiliary weight 100 gives higher accuracy than 24",
                reported.order(0.8431, 46 / 72),
                lambda e: above(e, _aux(100), _aux(24)),
            ),
            Claim(
                "auxiliary weight 24 gives higher accuracy than 1",
                reported.order(46 / 72, 27 / 72),
                lambda e: above(e, _aux(24), _aux(1)),
            ),
            Claim(
                "ACGAN has higher accuracy than DCGAN",
                reported.order(0.8431, 50 / 72),
                lambda e: above(e, "acgan", "dcgan"),
            ),
            Claim(
                "images of DCGAN look better than those of ACGAN (here: lower KID)",
                NO_NUMBER,
                lambda e: _better_images(e, "dcgan", "acgan"),
            ),
            Claim(
                "the auxiliary weight makes images less realistic (here: KID with weight 100 above that with 1)",
                NO_NUMBER,
                lambda e: _better_images(e, _aux(1), _aux(100)),
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
                lambda e: above(e, "embeddings", "one_hot", rows=HELD_OUT),
            ),
            Claim("similar colours get similar embeddings", NO_NUMBER, lambda e: similar(e, "embeddings")),
            Claim(
                "smoothed targets stabilise training (here: lower KID)",
                NO_NUMBER,
                lambda e: _better_images(e, "embeddings", "hard_targets"),
            ),
            Claim(
                "D tells real images apart early, and fake ones only after about 900 steps",
                "step 900",
                lambda e: real_told_apart_first(e, "embeddings"),
            ),
            Claim(
                "the generator's loss stays above the discriminator's",
                NO_NUMBER,
                lambda e: always(
                    e,
                    "embeddings",
                    "G's loss is above the mean of D's losses on real and fake images",
                    lambda line: line["G/fake"] > (line["D/real"] + line["D/fake"]) / 2,
                ),
            ),
            Claim(
                "the generator's loss stays between 1 and 2, with a slight rise",
                "1 to 2",
                lambda e: within_with_a_rise(e, "embeddings", 1, 2),
            ),
            Claim(
                "one more layer can break the training (here: higher KID with one more in D)",
                NO_NUMBER,
                lambda e: _better_images(e, "embeddings", "extra_layer"),
            ),
            Claim(
                "WGAN, to be compared with ACGAN as the next step",
                NOT_CLAIMED,
                lambda e: beside(e, "wgan", "embeddings", HELD_OUT),
            ),
            Claim(
                "the cited code's updates, targets of G and epsilon (here beside the report's listing)",
                NOT_CLAIMED,
                lambda e: beside(e, "cited_code", "embeddings", HELD_OUT),
            ),
        ],
    ),
    "003": Report(
        "InfoGAN on MNIST",
        {"infogan.yaml": ("infogan", "cited_code")},
        "mnist",
        [
            Claim(
                "the categorical code selects the digits 0 to 9, in an arbitrary order",
                NO_NUMBER,
                lambda e: matched(e, "infogan"),
            ),
            Claim(
                "one continuous code controls width, the other rotation", NO_NUMBER, lambda e: controlled(e, "infogan")
            ),
            Claim(
                "the losses are far apart at first, then nearer (here: after 20 epochs)",
                NO_NUMBER,
                lambda e: approaching(e, "infogan"),
            ),
            Claim(
                "the losses move apart when trained too long, after about 80 epochs",
                "epoch 80",
                lambda e: diverging(e, "infogan"),
            ),
            Claim(
                "images get worse when trained too long (here: higher KID after 80 epochs)",
                NO_NUMBER,
                lambda e: worse_when_trained_too_long(e, "infogan"),
            ),
            Claim(
                "the cited code's latent and updates of the front end (here beside the report's listing)",
                NOT_CLAIMED,
                lambda e: beside(e, "cited_code", "infogan", CODES, ("code_accuracy",)),
            ),
        ],
    ),
    "004": Report(
        "SAGAN on i-CLEVR",
        {"architectures.yaml": ("sagan", "dcgan")},
        "sample",
        [
            Claim(
                "accuracy on test / new_test",
                reported.accuracy(53 / 72, 70 / 84),
                lambda e: value(e, "sagan", TEST, NEW_TEST),
            ),
            Claim(
                "SAGAN has higher accuracy than DCGAN",
                reported.order(53 / 72, 50 / 72),
                lambda e: above(e, "sagan", "dcgan"),
            ),
        ],
    ),
}
