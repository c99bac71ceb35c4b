"""Parts for Keras that it lacks, or has in a slower form.

batch_normalization  BatchNormalization  by PyTorch's own kernel
muon                 Muon                for the kernels of convolutions too
"""
