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
