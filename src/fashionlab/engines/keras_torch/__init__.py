"""Parts for Keras on PyTorch that it lacks, or has in a slower form.

batch_normalization  BatchNormalization  by PyTorch's own kernel
direct               Direct              a model that trains on PyTorch without Keras's bookkeeping
channels_last        Conv2D, MaxPooling2D  without copies of the images
adam                 Adam                by PyTorch's fused kernel
muon                 Muon                for the kernels of convolutions too
recorded             Recorded            a training step as a CUDA graph
device_batches       DeviceBatches       batches that are cut out and augmented on the GPU
replica              Replica             a model that several workers train together
"""
