/* The functions that Python calls, by ctypes: program.py. */

#include "network.h"

#if defined(_WIN32)
#define EXPORT __declspec(dllexport)
#else
#define EXPORT __attribute__((visibility("default")))
#endif

enum Instructions { PLAIN, NEON, AVX2, AVX512 };

/* The number of this interface. */
EXPORT int fl_abi(void);

/* Whether this processor has these instructions, and the library code for them. */
EXPORT int fl_supports(int instructions);

/* A network of `count` layers, with memory for `capacity` images of D values; 0 where there is not
   enough. `shapes` are the positions and channels of each layer's outputs; `weights` is the length
   of the vector of weights. */
EXPORT Network *fl_new(const Description *layers, const int32_t *shapes, int count, int D,
                       int capacity, int threads, int instructions, float scale, float offset,
                       int loss, int from_logits, float smoothing, int64_t weights);

EXPORT void fl_delete(Network *net);

/* A pass over a batch: forward; with targets the loss; with `training` backward into `gradients`,
   with a rule a step of `weights`. `bits` are the generators of the layers, 0 for those that draw
   nothing. Returns 0; 1 where the loss of a training is not finite: the weights are as before. */
EXPORT int fl_pass(const Network *net, Batch *batch, const Rule *rule, float *weights,
                   float *gradients, const Bits *const *bits, int training);
