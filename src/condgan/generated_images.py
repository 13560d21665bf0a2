"""Generated images as tensors, arrays and pictures."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from condgan.grid import picture_of


@dataclass(frozen=True, eq=False)
class GeneratedImages:
    """Images of one call, with the condition of each as text."""

    tensor: Tensor
    """(N, C, R, R) uint8, on the CPU."""

    conditions: Sequence[str]

    @property
    def images(self) -> list[Image.Image]:
        """One picture for each image, in RGB, or in grey for generators of one channel."""
        return [picture_of(image) for image in self.tensor]

    def numpy(self) -> NDArray[np.uint8]:
        """Returns the images with the channels last, (N, R, R, C) uint8."""
        array: NDArray[np.uint8] = self.tensor.permute(0, 2, 3, 1).numpy()
        return array
