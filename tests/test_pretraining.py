from collections import Counter
from functools import partial
from itertools import islice

import pytest
import torch
from torch import Tensor

from condgan.data import Images, shapes
from condgan.data.dataset import to_float
from condgan.draws import derived_seed
from condgan.recipes import Pretraining
from condgan.recipes.recipe import adam
from condgan.schedules import linear
from condgan.train import pretrain, train
from contracts import assert_same_state, losses_at, saved_and_loaded, state_of, tiny_images, whole_training
from small_networks import (
    DISCRIMINATOR_STEPS,
    READER_STEPS,
    LinearDiscriminator,
    class_images,
    equal,
    pretraining,
    sgd,
    tiny_recipe,
    weights,
    with_both_phases,
)

images = class_images


def test_phases_come_in_order_before_the_game_and_count_their_own_images(images: Images) -> None:
    state = state_of(with_both_phases(), images)
    found = [(p.phase, p.step, round(p.kimg, 6)) for p in islice(whole_training(state, images), 9)]
    assert found == [
        ("reader", 1, 0.008),
        ("reader", 2, 0.016),
        ("reader", 3, 0.024),
        ("reader", 4, 0.032),
        ("discriminator", 1, 0.008),
        ("discriminator", 2, 0.016),
        ("discriminator", 3, 0.024),
        ("game", 1, 0.004),
        ("game", 2, 0.008),
    ]


def test_pretraining_has_at_least_one_step(images: Images) -> None:
    phase = Pretraining(kimg=0.0001, batch_size=8, optimizer=lambda network: sgd(network, 0.1))
    assert [p.step for p in pretrain(state_of(with_both_phases(phase, phase), images), images)] == [1, 1]


@pytest.mark.parametrize(("kimg", "num_steps"), [(0.026, 3), (0.03, 4), (8, 1000)])
def test_the_number_of_steps_is_rounded_to_the_nearest(images: Images, kimg: float, num_steps: int) -> None:
    phase = Pretraining(kimg=kimg, batch_size=8, optimizer=partial(sgd, lr=0.1))
    state = state_of(with_both_phases(discriminator=phase), images)
    assert state.phases[1].num_steps == num_steps
    if num_steps < 10:
        assert len(list(pretrain(state, images))) == READER_STEPS + num_steps


@pytest.mark.parametrize("norm", [0.0, 3.0])  # scores are 0, or not
def test_pretraining_of_the_discriminator_uses_its_logits_and_ignores_its_score(norm: float) -> None:
    images = tiny_images("multi_label")
    recipe = tiny_recipe("acgan", discriminator=LinearDiscriminator, discriminator_pretraining=pretraining(1, lr=0.1))
    state = state_of(recipe, images)
    discriminator = state.discriminator
    assert isinstance(discriminator, LinearDiscriminator)
    with torch.no_grad():
        discriminator.w.mul_(norm / discriminator.w.norm())
    image, c = to_float(images.images[:4]), images.condition.encode(images.labels[:4])
    assert torch.equal(state.phases[0].logits(image, c), discriminator(image, c).logits)
    before = discriminator.w.detach().clone()
    list(pretrain(state, images))
    assert torch.equal(discriminator.w, before)
    assert all(weight.isfinite().all() for weight in discriminator.parameters())


def test_pretraining_puts_its_network_in_training_mode(images: Images) -> None:
    state = state_of(with_both_phases(), images)
    for phase in state.phases:
        phase.network.eval()
    for progress in pretrain(state, images):
        network = state.reader if progress.phase == "reader" else state.discriminator
        assert network is not None
        assert all(module.training for module in network.modules())


def test_all_random_numbers_have_seeds_of_their_own(images: Images, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the weights, of each step and of each epoch, of three trainings with different seeds."""
    derived: list[int] = []
    seeded: list[int] = []

    def noted(*numbers: int) -> int:
        derived.append(derived_seed(*numbers))
        return derived[-1]

    for module in ("condgan.state", "condgan.train"):
        monkeypatch.setattr(f"{module}.derived_seed", noted)
    monkeypatch.setattr("torch.manual_seed", seeded.append)
    for seed in range(3):
        state = state_of(with_both_phases(pretraining(6), pretraining(6)), images, seed)
        list(islice(whole_training(state, images), 15))
    assert len(set(seeded)) == len(seeded) == 3 * (1 + 6 + 6 + 3)
    of_epochs = Counter(derived) - Counter(seeded)
    assert len(of_epochs) == 3 * 2  # the phases share the order of images in each epoch
    assert not of_epochs.keys() & set(seeded)


def test_a_recipe_without_pretraining_starts_with_the_game(images: Images) -> None:
    assert list(pretrain(state_of(tiny_recipe(), images), images)) == []


def test_pretraining_does_not_count_as_progress_of_the_game(images: Images) -> None:
    state = state_of(with_both_phases(), images)
    assert len(list(pretrain(state, images))) == READER_STEPS + DISCRIMINATOR_STEPS
    assert (state.step, state.kimg, state.progress) == (0, 0, 0)


@pytest.mark.parametrize("phase", ["reader", "discriminator"])
def test_pretraining_learns_to_predict_the_labels(phase: str) -> None:
    images = shapes("class", 16, num_images=400)
    optimizer = partial(adam, lr=0.005, betas=(0.9, 0.99))
    one, enough = pretraining(1), pretraining(100, batch_size=32, optimizer=optimizer)
    recipe = with_both_phases(enough, one) if phase == "reader" else with_both_phases(one, enough)
    state = state_of(recipe, images)
    steps = [p for p in pretrain(state, images) if p.phase == phase]
    assert all(list(p.losses) == ["classification_real"] for p in steps)
    assert all(list(p.statistics) == ["accuracy_real"] for p in steps)
    losses = [float(p.losses["classification_real"]) for p in steps]
    accuracies = [float(p.statistics["accuracy_real"]) for p in steps]
    assert sum(losses[-10:]) < 0.8 * sum(losses[:10])
    assert sum(accuracies[-10:]) > sum(accuracies[:10]) + 1
    assert all(0 <= accuracy <= 1 for accuracy in accuracies)


def test_each_phase_changes_its_own_network_only(images: Images) -> None:
    state = state_of(with_both_phases(), images)
    assert state.reader is not None
    networks = [state.reader, state.discriminator, state.generator]
    before = [weights(network) for network in networks]
    training = pretrain(state, images)
    list(islice(training, READER_STEPS))
    middle = [weights(network) for network in networks]
    assert [equal(a, b) for a, b in zip(before, middle, strict=True)] == [False, True, True]
    list(training)
    after = [weights(network) for network in networks]
    assert [equal(a, b) for a, b in zip(middle, after, strict=True)] == [True, False, True]


def test_the_game_is_refused_before_pretraining_is_finished(images: Images) -> None:
    state = state_of(with_both_phases(), images)
    training = pretrain(state, images)
    for _ in range(READER_STEPS + DISCRIMINATOR_STEPS):
        with pytest.raises(ValueError, match="pretraining is not finished"):
            next(train(state, images))
        next(training)
    list(training)
    assert next(train(state, images)).step == 1


@pytest.mark.parametrize("saved_after", range(READER_STEPS + DISCRIMINATOR_STEPS + 3))
def test_resuming_in_any_phase_equals_an_uninterrupted_training(images: Images, saved_after: int) -> None:
    num_steps = READER_STEPS + DISCRIMINATOR_STEPS + 4
    optimizer = partial(adam, lr=linear(0.1, 0), betas=(0.9, 0.99))  # which also has a state to resume
    recipe = with_both_phases(pretraining(READER_STEPS, optimizer=optimizer), pretraining(DISCRIMINATOR_STEPS))
    whole = state_of(recipe, images)
    losses = losses_at(whole_training(whole, images), num_steps)
    first = state_of(recipe, images)
    losses_at(whole_training(first, images), saved_after)
    saved = saved_and_loaded(first)
    second = state_of(recipe, images)
    torch.manual_seed(12345)
    second.load_state_dict(saved)
    assert losses_at(whole_training(second, images), num_steps - saved_after) == losses[saved_after:]
    assert_same_state(whole, second)
    options = [[phase.optimizer.state_dict()["param_groups"] for phase in state.phases] for state in (whole, second)]
    assert options[0] == options[1]  # of finished phases too, as checkpoints hold them


def test_a_loaded_state_whose_pretraining_is_finished_continues_with_the_game(images: Images) -> None:
    whole = state_of(with_both_phases(), images)
    losses_at(whole_training(whole, images), READER_STEPS + DISCRIMINATOR_STEPS + 1)
    loaded = state_of(with_both_phases(), images)
    loaded.load_state_dict(saved_and_loaded(whole))
    assert losses_at(train(loaded, images), 2) == losses_at(train(whole, images), 2)
    assert_same_state(loaded, whole)


def test_pretraining_leaves_no_gradients(images: Images) -> None:
    """Also if its optimizer has only some of the weights: the game would add to the gradients of the others."""
    phase = pretraining(2, optimizer=lambda network: sgd(network.head, 0.1))
    state = state_of(with_both_phases(discriminator=phase), images)
    list(pretrain(state, images))
    assert state.reader is not None
    for network in (state.reader, state.discriminator):
        assert [name for name, weight in network.named_parameters() if weight.grad is not None] == []


def test_pretraining_follows_from_the_seed_alone(images: Images) -> None:
    def final(seed: int, disturbance: int) -> tuple[list[Tensor], list[Tensor]]:
        state = state_of(with_both_phases(), images, seed)
        for _ in pretrain(state, images):
            torch.manual_seed(disturbance)
        assert state.reader is not None
        return list(weights(state.reader)), list(weights(state.discriminator))

    first, again, other = final(0, 1), final(0, 2), final(1, 1)
    for network in (0, 1):
        assert equal(first[network], again[network])
        assert not equal(first[network], other[network])


def test_a_rate_of_pretraining_follows_the_progress_of_its_phase(images: Images) -> None:
    schedule = linear(0.4, 0)
    state = state_of(with_both_phases(pretraining(4, lr=schedule), pretraining(2, lr=schedule)), images)
    rates = [
        phase.optimizer.param_groups[0]["lr"]
        for progress in pretrain(state, images)
        for phase in state.phases
        if phase.name == progress.phase
    ]
    assert rates == pytest.approx([0.4, 0.3, 0.2, 0.1, 0.4, 0.2])
