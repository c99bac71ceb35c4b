/* The entry points of the library (stub). */

#include "library.h"

int fl_abi(void) { return 1; }

int fl_supports(int instructions) {
    switch (instructions) {
        case PLAIN: return 1;
#if defined(__aarch64__)
        case NEON: return 1;
#elif defined(__x86_64__)
        case AVX2: return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
        case AVX512: return __builtin_cpu_supports("avx512f") != 0;
#endif
        default: return 0;
    }
}
