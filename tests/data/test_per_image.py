import numpy as np

from scaling.data.per_image import per_image


def test_the_probability_of_the_own_class_is_a_byte():
    logits = np.log(np.array([[0.6, 0.3, 0.1], [0.05, 0.05, 0.9], [0.5, 0.5, 1e-9]], np.float32))
    found = per_image(logits, np.array([0, 1, 2], np.int32))
    assert found.correct.tolist() == [True, False, False]
    assert found.probability.tolist() == [153, 13, 0]  # .6, .05 and nearly 0 of 255, to the nearest
    assert found.probability.dtype == np.uint8


def test_large_logits_do_not_overflow():
    found = per_image(np.array([[3e4, 0], [-3e4, 0]], np.float32), np.zeros(2, np.int32))
    assert found.probability.tolist() == [255, 0]
