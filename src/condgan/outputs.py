"""The files of a save that follow from the state of a training: its model, its reader and its preview."""

import json
from dataclasses import dataclass
from hashlib import sha256

import torch

from condgan.config import Config
from condgan.data.dataset import Images, to_uint8
from condgan.draws import fixed_seed
from condgan.errors import InputError
from condgan.grid import grid, png
from condgan.state import TrainState
from condgan.weights import to_safetensors

NUM_SAMPLES = 32
READER_FACTS = ("recipe", "options", "condition", "resolution", "channels", "data", "data_hash", "seed", "precision")


@dataclass(frozen=True)
class Previews:
    """Previews beside those of saves: one every `every` steps of the game, up to step `until`."""

    every: int
    until: int

    @classmethod
    def parse(cls, text: str) -> "Previews":
        """Parses EVERY:UNTIL. Raises InputError.

        >>> Previews.parse("100:1200")
        Previews(every=100, until=1200)
        """
        every, _, until = text.partition(":")
        if not (every.isdecimal() and until.isdecimal() and 0 < int(every) <= int(until)):
            raise InputError(f"--previews: found {text!r}, expected EVERY:UNTIL in steps, e.g. 100:1200")
        return cls(int(every), int(until))

    def at(self, step: int) -> bool:
        """Whether there is one at this step."""
        return step <= self.until and step % self.every == 0


class Outputs:
    """Makes these files. The latents and conditions of previews are always the same for a seed and a data set.

    The conditions are those of the data set's first list, or else of held-out images; of any if none is held out.
    """

    def __init__(self, state: TrainState, images: Images, seed: int):
        self.state = state
        known = images.labels[images.held_out] if images.held_out.any() else images.labels
        labels = next(iter(images.condition_lists.values()), known)[:NUM_SAMPLES]
        with fixed_seed(seed):
            self.z, self.c = state.condition.sample_grid(
                state.latents(len(labels)), labels.to(state.accelerator.device)
            )

    @property
    def preview_name(self) -> str:
        """The path of the preview of this step in the run's folder."""
        return f"samples/{self.state.step:09d}.png"

    def names(self) -> list[str]:
        """Returns the paths of the files of a save in the run's folder. Previews begin with the game."""
        names = ["generator.safetensors"]
        names += ["reader.safetensors"] if self.state.has_trained_reader else []
        return names + ([self.preview_name] if self.state.is_pretrained else [])

    def contents(self, config: Config) -> dict[str, bytes]:
        """Returns the content of these files by path. `config` becomes the header of the model."""
        state, facts = self.state, config.to_json()
        contents, header = {}, {"run": json.dumps(facts)}
        if state.has_trained_reader and state.reader:
            # Without the budget, which may change on resume: the file stays the same.
            known = json.dumps({name: facts[name] for name in READER_FACTS})
            contents["reader.safetensors"] = to_safetensors(state.reader.state_dict(), {"reader": known})
            header["reader_sha256"] = sha256(contents["reader.safetensors"]).hexdigest()
        contents["generator.safetensors"] = to_safetensors(state.generator_ema.module.state_dict(), header)
        if state.is_pretrained:
            contents[self.preview_name] = self.preview()
        return contents

    def preview(self) -> bytes:
        """Returns a grid of images by the averaged generator as PNG."""
        network = self.state.generator_ema.eval()
        with torch.no_grad():
            pictures = to_uint8(network(self.z, self.state.condition.encode(self.c)))
        return png(grid(pictures))
