"""What the reports ran and what they claim."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from condgan.reproduce.codes import controlled, diverging, matched
from condgan.reproduce.evidence import HERE, NEW, REALISM, Check, above, always, grows, value

NO_NUMBER = "no number"


@dataclass(frozen=True)
class Claim:
    """What a report says, the number it gives, and how ours is held against it."""

    says: str
    reported: str
    check: Check


@dataclass(frozen=True)
class Report:
    """A report: the specs of `examples/` that run what it ran, the data that they run on, and its claims.

    `specs` says for each file which variants matter to the claims; none named are all. The photographs of i-CLEVR are
    not public: the embedded sample of rendered scenes stands in for them. Data named "" have to be given.
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
            Claim("accuracy", "0.61", value("cdcgan-learning_rate=1e-4", HERE)),
            Claim(
                "a learning rate that is too high obeys worse (here ten times as high)",
                NO_NUMBER,
                above("cdcgan-learning_rate=1e-4", "cdcgan-learning_rate=1e-3"),
            ),
            Claim("too few epochs obey worse", NO_NUMBER, grows("cdcgan-learning_rate=1e-4")),
        ],
    ),
    "001": Report(
        "multi-label ACGAN on i-CLEVR",
        {"aux_weight.yaml": (), "architectures.yaml": ("acgan", "dcgan")},
        "sample",
        [
            Claim("accuracy on test / new_test", "0.843 / 0.786", value(_aux(100), HERE, NEW)),
            Claim("aux weight 100 obeys better than 24", "0.843 > 0.639", above(_aux(100), _aux(24))),
            Claim("aux weight 24 obeys better than 1", "0.639 > 0.375", above(_aux(24), _aux(1))),
            Claim("ACGAN obeys better than DCGAN", "0.843 > 0.694", above("acgan", "dcgan")),
            Claim(
                "DCGAN looks better than ACGAN (here: nearer to real images by KID)",
                NO_NUMBER,
                above("dcgan", "acgan", "kid[judge]", REALISM, sign=-1),
            ),
        ],
    ),
    "002": Report(
        "ACGAN with two attributes on anime faces",
        {"attributes.yaml": ()},
        "",
        [
            Claim(
                "embeddings obey better than one-hot vectors",
                NO_NUMBER,
                above("embeddings", "one_hot", who=REALISM),
            ),
            Claim(
                "smoothed targets keep training stable (here: nearer to real images by KID)",
                NO_NUMBER,
                above("embeddings", "hard_targets", "kid[judge]", REALISM, sign=-1),
            ),
            Claim(
                "the generator's loss stays above the discriminator's",
                NO_NUMBER,
                always(
                    "embeddings",
                    "G's loss above the mean of D's on real and on fake images",
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
                "the categorical code draws the digits 0 to 9, in an order of its own", NO_NUMBER, matched("infogan")
            ),
            Claim("one continuous code is width, the other rotation", NO_NUMBER, controlled("infogan")),
            Claim("the losses part when trained too long, after some 80 epochs", "epoch 80", diverging("infogan")),
        ],
    ),
    "004": Report(
        "SAGAN on i-CLEVR",
        {"architectures.yaml": ("sagan", "dcgan")},
        "sample",
        [
            Claim("accuracy on test / new_test", "0.74 / 0.83", value("sagan", HERE, NEW)),
            Claim("SAGAN obeys better than DCGAN", "0.74 > 0.69", above("sagan", "dcgan")),
        ],
    ),
}
