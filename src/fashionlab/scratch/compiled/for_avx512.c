/* The passes in AVX-512; empty where the processor is of another kind. */
#if defined(__x86_64__)
#define TARGET "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target(TARGET))), apply_to = function)
#else
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")
#endif
#define ISA_AVX512
#define PASSES passes_avx512
#include "passes.h"
#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
