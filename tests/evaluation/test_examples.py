import numpy as np

from fashionlab.evaluation.examples import select_examples


def test_the_first_correct_image_and_the_most_confident_error_of_every_class():
    probabilities = np.array(
        [
            [0.4, 0.6],  # of class 0, wrong
            [0.9, 0.1],  # right, the first of its class
            [0.8, 0.2],  # right
            [0.1, 0.9],  # wrong, the surest
            [0.3, 0.7],  # of class 1, right; the class has no wrong one
        ]
    )
    labels = np.array([0, 0, 0, 0, 1], np.uint8)
    assert select_examples(np.log(probabilities), labels).tolist() == [1, 4, 3]
