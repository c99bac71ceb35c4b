/* The float32 multiply-adds a second that this processor can do at most.
 *
 *     cc -O2 -std=gnu11 -ffp-contract=fast -pthread peak.c -o peak && ./peak THREADS SECONDS
 *
 * Prints their sum over the threads, and the vector instructions used. Each thread repeats
 * a = a x + y on independent vectors a that stay in registers. A multiply-add takes 4 or 5 cycles,
 * and a core begins 1 to 4 of them a cycle: with fewer independent vectors it would wait. Nothing
 * is read from memory, so that no matrix product is faster.
 */

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ROUNDS 100000 /* between two readings of the clock: less than a millisecond */
#define MOST_THREADS 1024

/* Named, because compilers keep an array of vectors in memory. */
#define VECTORS 12
#define EACH(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7) DO(8) DO(9) DO(10) DO(11)
#define DECLARE(i) Vector a##i = zero - i; /* not 2, which a / 2 + 1 leaves as it is */
#define MULTIPLY_ADD(i) a##i = a##i * x + y;
#define ADD_UP(i) sum += a##i;

/* A function of the rounds, for instructions of so many bytes; it returns what it computed, so that
 * the compiler cannot leave it out. */
#define DEFINE(NAME, BYTES)                                                                        \
    static float NAME(long rounds) {                                                               \
        typedef float Vector __attribute__((vector_size(BYTES)));                                  \
        Vector zero = {0}, sum = zero, x = zero + 0.5f, y = zero + 1.0f;                           \
        EACH(DECLARE)                                                                              \
        for (long i = 0; i < rounds; i++) {                                                        \
            EACH(MULTIPLY_ADD)                                                                     \
        }                                                                                          \
        EACH(ADD_UP)                                                                               \
        return sum[0];                                                                             \
    }

#if defined(__x86_64__)
__attribute__((target("avx512f"))) DEFINE(avx512, 64)
__attribute__((target("avx2,fma"))) DEFINE(avx2, 32)
#endif
DEFINE(plain, 16) /* NEON on ARM; SSE2, which multiplies and adds apart, on x86 */

static const char *name = "plain";
static float (*work)(long) = plain;
static int bytes = 16;
static double seconds;

static void choose(void) {
#if defined(__aarch64__)
    name = "neon";
#elif defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f")) {
        name = "avx512", work = avx512, bytes = 64;
    } else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        name = "avx2", work = avx2, bytes = 32;
    }
#endif
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

typedef struct {
    double rate; /* multiply-adds a second */
    float result;
} Measured;

static void *measure(void *argument) {
    Measured *measured = argument;
    measured->result = work(ROUNDS); /* the processor's clock rises */
    long rounds = 0;
    double began = now(), passed;
    do {
        measured->result += work(ROUNDS);
        rounds += ROUNDS;
        passed = now() - began;
    } while (passed < seconds);
    measured->rate = (double)rounds * VECTORS * (bytes / 4) / passed;
    return NULL;
}

int main(int count, char **arguments) {
    int threads = count == 3 ? atoi(arguments[1]) : 0;
    seconds = count == 3 ? atof(arguments[2]) : 0;
    if (threads < 1 || threads > MOST_THREADS || !(seconds > 0)) {
        fprintf(stderr, "usage: peak THREADS SECONDS, threads in 1 ... %d\n", MOST_THREADS);
        return 2;
    }
    choose();
    static pthread_t started[MOST_THREADS];
    static Measured measured[MOST_THREADS];
    for (int i = 0; i < threads; i++) {
        if (pthread_create(&started[i], NULL, measure, &measured[i])) {
            fprintf(stderr, "peak: thread %d of %d could not be started\n", i + 1, threads);
            return 1;
        }
    }
    double rate = 0;
    float result = 0;
    for (int i = 0; i < threads; i++) {
        pthread_join(started[i], NULL);
        rate += measured[i].rate;
        result += measured[i].result;
    }
    if (result == 0) return 1; /* never: it reads the results */
    printf("%.6g %s\n", rate, name);
    return 0;
}
