/* The entry points of the library (stub). */

#if defined(_WIN32)
#define EXPORT __declspec(dllexport)
#else
#define EXPORT __attribute__((visibility("default")))
#endif

enum Instructions { PLAIN, NEON, AVX2, AVX512 };

EXPORT int fl_abi(void);
EXPORT int fl_supports(int instructions);
