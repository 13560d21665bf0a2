"""Scores of a generator of codes: on codes from their prior, by the labels that a judge predicts."""

from dataclasses import replace

from torch import Tensor

from condgan.conditions import Codes, Condition
from condgan.draws import fixed_seed
from condgan.generate import LoadedGenerator
from condgan.judge import Samples
from condgan.judged import JUDGE, SECOND, JudgedImages, Viewer, Views
from condgan.metrics import Estimate, Matching, code_accuracy, code_effects, disagreement, information_bound
from condgan.scores import GENERATOR, Scores
from condgan.suites import defined

PRIOR, NO_CONDITION = "codes of the prior", "no condition"  # names of rows: where conditions come from
Q = "Q"  # the network that an InfoGAN is trained with to predict the codes


def with_codes(
    scores: Scores,
    generator: LoadedGenerator,
    initial: LoadedGenerator,
    judged: JudgedImages,
    recognition: Viewer | None,
) -> Scores:
    """Returns the scores with rows of a generator of codes, and of the same network before its training, `initial`."""
    codes, labels = generator.condition, judged.images.labels[judged.images.held_out]
    rows, meaning, suite = dict(scores.rows), dict[str, str](), judged.suite
    c = held_out_conditions(generator, labels, scores.seed)
    own = {Q: recognition} if recognition and suite.by_code else {}
    images = PRIOR if codes.controls else NO_CONDITION
    for source, network in {"untrained": initial, "generator": generator}.items():
        seen = judged.generated(network, c, labels, others=own)
        meaning, row = _by_labels(codes, c, seen, judged)
        rows[f"{source}, {images}"] = row | judged.compared(suite.realism, seen)
    copies, neighbours = judged.copies(seen)
    rows[GENERATOR + images] = {**rows[GENERATOR + images], **copies}
    by_code = judged.by_code(codes, c, seen)
    if isinstance(codes, Codes) and own:
        by_code[f"information_bound[{Q}]"] = defined(information_bound(codes, seen[Q].logits, c))
    by_code = {name: row for name, row in by_code.items() if row}
    return replace(
        scores,
        rows=rows,
        meaning=meaning,
        code_effects=code_effects(generator, scores.seed),
        breakdowns={images: by_code} if by_code else {},
        neighbours=neighbours,
    )


def _by_labels(
    codes: Condition, c: Tensor, seen: Views, judged: JudgedImages
) -> tuple[dict[str, str], dict[str, Estimate]]:
    """Scores codes by the labels that judges predict: the label of each code, and a row. Nothing without a judge."""
    if JUDGE not in seen:
        return {}, {}
    condition, meaning, row = judged.images.condition, dict[str, str](), dict[str, Estimate]()
    if codes.values and len(c) > 1:  # half of them are matched, the others scored
        meaning, row["code_accuracy"] = _matched(codes, c, seen[JUDGE], condition)
    if SECOND in seen:
        if codes.values and len(c) > 1:
            row[f"code_accuracy[{SECOND}]"] = _matched(codes, c, seen[SECOND], condition).accuracy
        row["disagreement"] = disagreement(seen[JUDGE], seen[SECOND], condition)
    for scored in judged.suite.of_codes:
        row |= defined(scored(codes, c, seen[JUDGE], condition))
    return meaning, row


def _matched(codes: Condition, c: Tensor, fakes: Samples, condition: Condition) -> Matching:
    return code_accuracy(codes.categories(c), condition.describe_all(condition.predict(fakes.logits)))


def held_out_conditions(generator: LoadedGenerator, labels: Tensor, seed: int) -> Tensor:
    """Returns the conditions that are generated for held-out images: their labels, or codes from their prior."""
    with fixed_seed(seed):
        return generator.condition.sample(labels)
