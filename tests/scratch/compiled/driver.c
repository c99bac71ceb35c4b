/* Drives the C sources without Python, for sanitizers and other architectures.

   driver pool                          the pool: many rounds, callers at once, sleep
   driver fork                          the pool after forks, and while another thread uses it
   driver train INSTRUCTIONS THREADS    trains a short while; prints a hash of the weights

   Exit status 77: this processor lacks the instructions. */

#define _POSIX_C_SOURCE 200809L

#include "driver.h"

#include "library.h"
#include "pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST_TASKS = 500, CALLERS = 4, SECONDS = 60, LACKING = 77 };

static void fail(const char *what) {
    fprintf(stderr, "driver: %s\n", what);
    _exit(1); /* also where other threads still run */
}

static void rest(long nanoseconds) { nanosleep(&(struct timespec){0, nanoseconds}, 0); }

/* Plain numbers: a thread sanitizer sees whether the pool orders their reads and writes. */
typedef struct { int done[MOST_TASKS]; } Rounds;

static void one(void *of, int i, int thread) {
    (void)thread;
    ((Rounds *)of)->done[i]++;
}

/* Rounds of 0, 1, 2, ... tasks, each of which must have run once when `each` returns. */
static void rounds(int count, int seed) {
    Rounds *r = calloc(1, sizeof *r);
    if (!r) fail("no memory");
    for (int round = 0; round < count; round++) {
        int n = (round * 7 + seed) % (round % 50 ? 20 : MOST_TASKS), threads = 1 + round % 4;
        memset(r, 0, sizeof *r);
        each(threads, n, one, r);
        for (int i = 0; i < MOST_TASKS; i++)
            if (r->done[i] != (i < n)) fail("a task ran never, or twice");
        if (round % 100 == 99) rest(500000); /* the helpers fall asleep */
    }
    free(r);
}

/* Rounds of long tasks, until it is told to stop: a fork comes in the middle of one. */
static atomic_int stopped;

static void slow(void *of, int i, int thread) {
    for (int turn = 0; turn < 20000; turn++) atomic_load(&stopped);
    one(of, i, thread);
}

static void slow_round(void) {
    Rounds r = {{0}};
    each(2, MOST_TASKS, slow, &r);
    for (int i = 0; i < MOST_TASKS; i++)
        if (r.done[i] != 1) fail("a long task ran never, or twice");
}

static void *slow_caller(void *unused) {
    while (!atomic_load(&stopped)) slow_round();
    return unused;
}

static void *caller(void *seed) {
    rounds(5000, *(int *)seed);
    return 0;
}

static void at_once(void) {
    pthread_t thread[CALLERS];
    int seed[CALLERS];
    for (int i = 0; i < CALLERS; i++) {
        seed[i] = i;
        if (pthread_create(&thread[i], 0, caller, &seed[i])) fail("no thread");
    }
    for (int i = 0; i < CALLERS; i++) pthread_join(thread[i], 0);
}

static void forks(void) {
    for (int i = 0; i < 30; i++) {
        pid_t child = fork();
        if (child < 0) fail("no process");
        if (!child) {
            alarm(SECONDS);
            slow_round();
            rounds(300, i);
            _exit(0);
        }
        int status;
        if (waitpid(child, &status, 0) != child || status) fail("a child did not end well");
        rounds(20, i);
    }
}

int main(int count, char **words) {
    alarm(SECONDS); /* a deadlock */
    const char *names[] = {"plain", "neon", "avx2", "avx512"};
    if (count == 2 && !strcmp(words[1], "pool")) {
        rounds(100000, 1);
        at_once();
        return 0;
    }
    if (count == 2 && !strcmp(words[1], "fork")) {
        rounds(100, 1);
        forks();
        pthread_t other;
        if (pthread_create(&other, 0, slow_caller, 0)) fail("no thread");
        forks();
        atomic_store(&stopped, 1);
        pthread_join(other, 0);
        return 0;
    }
    for (int i = 0; count == 4 && i < 4; i++) {
        if (strcmp(words[1], "train") || strcmp(words[2], names[i])) continue;
        if (!fl_supports(i)) return LACKING;
        printf("%016llx\n", (unsigned long long)trained(i, atoi(words[3])));
        return 0;
    }
    fprintf(stderr, "usage: driver pool | fork | train INSTRUCTIONS THREADS\n");
    return 2;
}
