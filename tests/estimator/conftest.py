import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.preprocessing import StandardScaler

from fashionlab.data import synthetic


@pytest.fixture(scope="module")
def iris():
    x, y = load_iris(return_X_y=True)
    return StandardScaler().fit_transform(x), np.array(["setosa", "versicolor", "virginica"])[y]


@pytest.fixture(scope="module")
def images():
    return synthetic.draw(train=300, test=100)


def same_bits(one, other, x):
    return np.array_equal(one.predict_proba(x), other.predict_proba(x))
