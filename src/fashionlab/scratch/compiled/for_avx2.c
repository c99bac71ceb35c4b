/* The training step for avx2 (stub). */

#if defined(__x86_64__)
#define ISA_AVX2
#define NAME(name) name##_avx2
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx2,fma")
#endif
#include "lanes.h"
#include "products.h"
#include "functions.h"
#include "rules.h"
#include "network.h"
#include "pool.h"
#include "step.h"

void fl_step_avx2(const Network *net, const Work *work, int32_t *at);
void fl_step_avx2(const Network *net, const Work *work, int32_t *at) {
    NAME(training_step)(net, *work, at);
}
#if defined(__clang__)
#pragma clang attribute pop
#endif
#else
typedef int nothing; /* a file in C must not be empty */
#endif
