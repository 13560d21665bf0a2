import torch

from condgan.networks.augment import RandomAffine


def test_affine_augmentation_does_nothing_in_evaluation() -> None:
    image = torch.rand(2, 1, 28, 28)
    assert RandomAffine(0.2).eval()(image) is image


def test_affine_augmentation_with_a_strength_of_zero_is_the_identity() -> None:
    image = torch.rand(2, 3, 8, 8)
    torch.testing.assert_close(RandomAffine(0.0)(image), image, atol=1e-5, rtol=0)


def test_affine_augmentation_prints_its_strength() -> None:
    assert str(RandomAffine(0.2)) == "RandomAffine(strength=0.2)"


def test_each_image_is_transformed_differently_and_keeps_its_background() -> None:
    image = torch.full((1, 1, 28, 28), -1.0)
    image[:, :, 8:20, 13:15] = 1
    augmented = RandomAffine(0.2)(image.expand(8, -1, -1, -1))
    assert augmented.flatten(1).unique(dim=0).shape == (8, 28 * 28)
    torch.testing.assert_close(augmented[:, :, 0], torch.full((8, 1, 28), -1.0))


def test_shifts_and_scales_have_the_documented_size() -> None:
    torch.manual_seed(0)
    centers, masses = [], []
    column = torch.arange(64.0)
    for _ in range(50):
        image = torch.zeros(32, 1, 64, 64)
        image[:, :, 24:40, 24:40] = 1
        mass = RandomAffine(0.4)(image).sum((1, 2))
        centers.append((mass * column).sum(1) / mass.sum(1))
        masses.append(mass.sum(1))
    offset = (torch.cat(centers) - 31.5).abs().max()
    assert 0.08 * 64 < offset < 0.1 * 64 * 2**0.5 / 0.8  # a quarter of 0.4 of the side, along each axis, then scaled
    ratio = torch.cat(masses).max() / torch.cat(masses).min()
    assert 1.8 < ratio < (1.2 / 0.8) ** 2 * 1.05


def test_gradients_reach_the_image() -> None:
    image = torch.rand(2, 3, 16, 16, requires_grad=True)
    RandomAffine(0.2)(image).square().sum().backward()
    assert image.grad is not None
    assert image.grad.abs().sum() > 0


def transforms(strength: float, num_images: int = 2000) -> torch.Tensor:
    """The maps (N, 2, 3) from a place in the augmented image to its place in the original, recovered from ramps.

    The images are the coordinates x and y themselves, so that the augmented ones hold the places they come from.
    """
    side = 64
    center = (torch.arange(side) * 2 + 1) / side - 1  # of each pixel, in [-1, 1]
    x, y = center.expand(side, side), center[:, None].expand(side, side)
    found = RandomAffine(strength)(torch.stack([x, y]).expand(num_images, -1, -1, -1))[..., 31:33, 31:33]
    in_x, in_y = (found[..., 0, 1] - found[..., 0, 0]) * side / 2, (found[..., 1, 0] - found[..., 0, 0]) * side / 2
    return torch.stack([in_x, in_y, found.mean((2, 3))], dim=2)


def test_images_are_rotated_then_scaled_along_each_axis_and_shifted() -> None:
    """Independently and uniformly, by up to the documented sizes."""
    torch.manual_seed(0)
    strength = 0.8
    found = transforms(strength)
    angle = torch.atan2(found[:, 1, 0], found[:, 1, 1])
    scale_x, scale_y = found[:, 0, :2].norm(dim=1), found[:, 1, :2].norm(dim=1)
    rotation = torch.stack([angle.cos(), -angle.sin(), angle.sin(), angle.cos()], dim=1).view(-1, 2, 2)
    scaled = torch.stack([scale_x, scale_y], dim=1)[:, :, None] * rotation
    torch.testing.assert_close(found[..., :2], scaled, atol=1e-3, rtol=0)
    # A shift of 1 is half the side: these coordinates reach from -1 to 1.
    drawn = torch.stack([angle, 2 * found[:, 0, 2], 2 * found[:, 1, 2], 2 * (scale_x - 1), 2 * (scale_y - 1)])
    shares, uniform = (drawn / strength).sort(dim=1).values, torch.linspace(-1, 1, 2000).expand(5, -1)
    torch.testing.assert_close(shares, uniform, atol=0.08, rtol=0)
    torch.testing.assert_close(drawn.corrcoef(), torch.eye(5), atol=0.1, rtol=0)
