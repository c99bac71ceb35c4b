/* The passes in AVX2; empty where the processor is of another kind. */
#if defined(__x86_64__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx2,fma")
#endif
#define ISA_AVX2
#define PASSES passes_avx2
#include "passes.h"
#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
