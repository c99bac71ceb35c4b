import torch

torch.set_num_threads(1)  # the nets are tiny: threads would only wait for each other
# On processors with AVX2 and no more, convolutions of PyTorch 2.13 by oneDNN write past the end of what
# they have allocated for some tiny images, and the process is killed. PyTorch's own do not.
torch.backends.mkldnn.set_flags(_enabled=False)
