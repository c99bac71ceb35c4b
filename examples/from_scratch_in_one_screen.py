"""The course report's first system in NumPy: 784 - 512 sigmoid - 10 softmax, full-batch descent.

Symbols as in fashionlab.scratch, derived in docs/backprop.md: an image is a row, and dt is the
gradient dL/dT of an array T. FASHIONLAB_DATA=synthetic tries it without Fashion-MNIST.
"""

import numpy as np

from fashionlab import load_fashion_mnist


def forward(weights, x):
    """Return A1 (N, U), the hidden layer, and log Q (N, K), Q = softmax(Z2), of images X (N, D)."""
    w1, b1, w2, b2 = weights  # (D, U), (U,), (U, K), (K,)
    a1 = (1 + np.tanh((x @ w1 + b1) / 2)) / 2  # sigmoid(Z1), whose exp could overflow
    z2 = a1 @ w2 + b2
    z2 -= z2.max(axis=1, keepdims=True)
    return a1, z2 - np.log(np.exp(z2).sum(axis=1, keepdims=True))


def step(weights, x, y, rate):
    """Move the weights against their gradients, in place; return loss and accuracy before it."""
    a1, log_q = forward(weights, x)
    dz2 = (np.exp(log_q) - y) / len(x)  # (N, K), of L = -sum_nk Y log Q / N
    dz1 = (dz2 @ weights[2].T) * a1 * (1 - a1)  # (N, U)
    gradients = x.T @ dz1, dz1.sum(axis=0), a1.T @ dz2, dz2.sum(axis=0)
    for w, dw in zip(weights, gradients, strict=True):
        w -= rate * dw
    return -(y * log_q).sum() / len(x), (log_q.argmax(1) == y.argmax(1)).mean()


if __name__ == "__main__":
    (x, labels), (x_test, labels_test) = load_fashion_mnist()
    x, x_test = (np.reshape(part / np.float32(255), (-1, 784)) for part in (x, x_test))
    y = np.eye(10, dtype="float32")[labels]  # (N, K), one-hot
    rng = np.random.default_rng(0)
    shapes = (784, 512), (512,), (512, 10), (10,)  # every weight is drawn from N(0, 1)
    weights = [rng.standard_normal(shape, "float32") for shape in shapes]
    for i in range(150):
        loss, accuracy = step(weights, x, y, rate=0.5)
        if i % 10 == 0:
            print(f"iteration {i:3}: loss {loss:6.3f}, accuracy {accuracy:.4f}")
    print(f"test accuracy {(forward(weights, x_test)[1].argmax(1) == labels_test).mean():.4f}")
