import condgan


def test_every_public_word_is_there_and_nothing_else() -> None:
    for word in condgan.__all__:
        assert getattr(condgan, word).__name__ == word
    assert not hasattr(condgan, "nonsense")
