"""The kinds of input that are tried."""

from fuzz.case import Target
from fuzz.targets import archives, images, models, runs, tables, texts

TARGETS: dict[str, Target] = {
    target.name: target for part in (texts, tables, archives, images, models, runs) for target in part.TARGETS
}
