/* The training step for avx512 (stub). */

#if defined(__x86_64__)
#define ISA_AVX512
#define NAME(name) name##_avx512
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f"))), apply_to = function)
#else
#pragma GCC target("avx512f")
#endif
#include "lanes.h"
#include "products.h"
#include "functions.h"
#include "rules.h"
#include "network.h"
#include "pool.h"
#include "step.h"

void fl_step_avx512(const Network *net, const Work *work, int32_t *at);
void fl_step_avx512(const Network *net, const Work *work, int32_t *at) {
    NAME(training_step)(net, *work, at);
}
#if defined(__clang__)
#pragma clang attribute pop
#endif
#else
typedef int nothing; /* a file in C must not be empty */
#endif
