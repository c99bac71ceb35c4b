/* The training step for neon (stub). */

#if defined(__aarch64__)
#define ISA_NEON
#define NAME(name) name##_neon
#include "lanes.h"
#include "products.h"
#include "functions.h"
#include "rules.h"
#include "network.h"
#include "pool.h"
#include "step.h"

void fl_step_neon(const Network *net, const Work *work, int32_t *at);
void fl_step_neon(const Network *net, const Work *work, int32_t *at) {
    NAME(training_step)(net, *work, at);
}
#else
typedef int nothing; /* a file in C must not be empty */
#endif
