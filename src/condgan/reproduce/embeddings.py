"""Check of report 002's claim about the embeddings of similar colours."""

from condgan.generate import load
from condgan.report.embeddings import colour_similarity, learned_embeddings
from condgan.reproduce.evidence import NOT_REPRODUCED, REPRODUCED, Evidence, NotComparable, Verdict


def similar(evidence: Evidence, cell: str) -> Verdict:
    """Checks that in every run embeddings of similar colours are nearer than those of shuffled names."""
    folders = evidence.folders(cell).values()
    found = [s for folder in folders if (s := colour_similarity(learned_embeddings(load(folder))))]
    if not found:
        raise NotComparable("", f"the attributes of {cell} have no four values that are colours")
    texts = ", ".join(f"{each.correlation:.2f} (by chance below {each.by_chance:.2f})" for each in found)
    word = REPRODUCED if all(each.correlation > each.by_chance for each in found) else NOT_REPRODUCED
    why = "95 % of shuffled names are below the value in brackets"
    return Verdict(word, f"rank correlation of the distances {texts}", why)
