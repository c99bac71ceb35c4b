"""The course report's first system in NumPy: 784 - 512 sigmoid - 10 softmax, full-batch descent.

Symbols as in fashionlab.scratch, derived in docs/backprop.md: an image is a column, and dt is the
gradient dL/dT of an array T. FASHIONLAB_DATA=synthetic tries it without Fashion-MNIST.
"""

import numpy as np

from fashionlab import load_fashion_mnist


def forward(weights, x):
    """Return A1 (U, N), the hidden layer, and log Q (K, N), Q = softmax(Z2), of images X (D, N)."""
    w1, b1, w2, b2 = weights  # (D, U), (U, 1), (U, K), (K, 1)
    a1 = (1 + np.tanh((w1.T @ x + b1) / 2)) / 2  # sigmoid(Z1), whose exp could overflow
    z2 = w2.T @ a1 + b2
    z2 -= z2.max(axis=0)
    return a1, z2 - np.log(np.exp(z2).sum(axis=0))


def step(weights, x, y, rate):
    """Move the weights against their gradients, in place; return loss and accuracy before it."""
    a1, log_q = forward(weights, x)
    dz2 = (np.exp(log_q) - y) / x.shape[1]  # (K, N), of L = -sum_nk Y log Q / N
    dz1 = (weights[2] @ dz2) * a1 * (1 - a1)  # (U, N)
    gradients = x @ dz1.T, dz1.sum(1, keepdims=True), a1 @ dz2.T, dz2.sum(1, keepdims=True)
    for w, dw in zip(weights, gradients, strict=True):
        w -= rate * dw
    return -(y * log_q).sum() / x.shape[1], (log_q.argmax(0) == y.argmax(0)).mean()


if __name__ == "__main__":
    (x, labels), (x_test, labels_test) = load_fashion_mnist()
    x, x_test = (np.reshape(part / np.float32(255), (-1, 784)).T for part in (x, x_test))
    y = np.eye(10, dtype="float32")[labels].T  # (K, N), one-hot
    rng = np.random.default_rng(0)
    shapes = (784, 512), (512, 1), (512, 10), (10, 1)  # every weight is drawn from N(0, 1)
    weights = [rng.standard_normal(shape, "float32") for shape in shapes]
    for i in range(150):
        loss, accuracy = step(weights, x, y, rate=0.5)
        if i % 10 == 0:
            print(f"iteration {i:3}: loss {loss:6.3f}, accuracy {accuracy:.4f}")
    print(f"test accuracy {(forward(weights, x_test)[1].argmax(0) == labels_test).mean():.4f}")
