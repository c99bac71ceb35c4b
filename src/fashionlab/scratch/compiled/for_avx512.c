/* The passes in AVX-512; empty where the processor is of another kind. */
#if defined(__x86_64__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")
#endif
#define ISA_AVX512
#define FORM form_avx512
#include "passes.h"
#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
