"""Parts for Keras that it lacks, or has in a slower form.

batch_normalization  BatchNormalization  by PyTorch's own kernel
direct               Direct              a model that trains on PyTorch without Keras's bookkeeping
muon                 Muon                for the kernels of convolutions too
"""
