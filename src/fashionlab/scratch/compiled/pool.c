/* Tasks are taken one after the other by whoever is free, so that a core that has other work to do
   holds nobody up for more than a task. A thread without work looks for more for SPIN nanoseconds,
   which is longer than Python takes between two steps, then sleeps until it is woken, which takes
   longer than a small round. Looking longer would cost the time that the system gives it on a core
   that is shared. */

#define _POSIX_C_SOURCE 200809L

#include "pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

#if defined(__x86_64__) || defined(__i386__)
#define PAUSE() __builtin_ia32_pause()
#elif defined(__aarch64__)
#define PAUSE() __asm__ volatile("yield")
#else
#define PAUSE() ((void)0)
#endif

enum { SPIN = 50000, BITS = 20 };

/* The number of the round, the threads that may take part, and its tasks that nobody has taken,
   from NEXT to END: in one word, so that whoever takes a task takes it of the round they see. */
typedef uint64_t Ticket;
#define ROUND(t) ((t) >> (2 * BITS + 8))
#define THREADS(t) ((int)((t) >> 2 * BITS & 255))
#define END(t) ((int)((t) >> BITS & ((1 << BITS) - 1)))
#define NEXT(t) ((int)((t) & ((1 << BITS) - 1)))

static struct {
    _Atomic Ticket ticket;
    atomic_int left;     /* tasks of this round that have not ended */
    atomic_int sleeping; /* threads without work */
    atomic_int waiting;  /* whether the caller sleeps until the others' last task has ended */
    Task *task;
    void *work;
    int threads; /* that there are, the caller's among them */
    pthread_mutex_t busy, lock;
    pthread_cond_t woken, ended;
} pool = {
    .threads = 1,
    .busy = PTHREAD_MUTEX_INITIALIZER,
    .lock = PTHREAD_MUTEX_INITIALIZER,
    .woken = PTHREAD_COND_INITIALIZER,
    .ended = PTHREAD_COND_INITIALIZER,
};

/* Does tasks until there is none, and returns the ticket that said so. The caller takes the first,
   the others the last: round for round the same ones, whose memory is in their cache. */
static Ticket take_tasks(int thread) {
    for (;;) {
        Ticket t = atomic_load(&pool.ticket);
        if (NEXT(t) >= END(t) || thread >= THREADS(t)) return t;
        Ticket taken = thread ? t - ((Ticket)1 << BITS) : t + 1;
        if (!atomic_compare_exchange_weak(&pool.ticket, &t, taken)) continue;
        pool.task(pool.work, thread ? END(t) - 1 : NEXT(t), thread);
        if (atomic_fetch_sub(&pool.left, 1) == 1 && atomic_load(&pool.waiting)) {
            pthread_mutex_lock(&pool.lock);
            pthread_cond_signal(&pool.ended);
            pthread_mutex_unlock(&pool.lock);
        }
    }
}

static int is_over(Ticket seen) { return ROUND(atomic_load(&pool.ticket)) != ROUND(seen); }
static int has_ended(Ticket none) { return (void)none, !atomic_load(&pool.left); }

/* Returns whether it happens within SPIN nanoseconds. */
static int happens(int (*it)(Ticket), Ticket seen) {
    struct timespec begin, now;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    do {
        for (int i = 0; i < 50; i++) {
            if (it(seen)) return 1;
            PAUSE();
        }
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while ((now.tv_sec - begin.tv_sec) * 1000000000LL + now.tv_nsec - begin.tv_nsec < SPIN);
    return 0;
}

static void *help(void *number) {
    int thread = (int)(intptr_t)number;
    for (;;) {
        Ticket seen = take_tasks(thread);
        if (happens(is_over, seen)) continue;
        pthread_mutex_lock(&pool.lock);
        atomic_fetch_add(&pool.sleeping, 1);
        while (!is_over(seen)) pthread_cond_wait(&pool.woken, &pool.lock);
        atomic_fetch_sub(&pool.sleeping, 1);
        pthread_mutex_unlock(&pool.lock);
    }
    return 0;
}

/* The child of a fork has the calling thread alone, whatever the locks say, and no tasks: those of
   a round in which another thread was belong to the parent. */
static void begin_child(void) {
    pthread_mutex_init(&pool.busy, 0);
    pthread_mutex_init(&pool.lock, 0);
    pthread_cond_init(&pool.woken, 0);
    pthread_cond_init(&pool.ended, 0);
    atomic_store(&pool.sleeping, 0);
    atomic_store(&pool.waiting, 0);
    atomic_store(&pool.ticket, (ROUND(atomic_load(&pool.ticket)) + 1) << (2 * BITS + 8));
    pool.threads = 1;
}

static void start_threads(int threads) {
    static int watched;
    if (!watched) pthread_atfork(0, 0, begin_child), watched = 1;
    pthread_attr_t detached;
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    for (pthread_t thread; pool.threads < threads; pool.threads++) {
        void *number = (void *)(intptr_t)pool.threads;
        if (pthread_create(&thread, &detached, help, number)) break; /* then with fewer */
    }
    pthread_attr_destroy(&detached);
}

void each(int threads, int n, Task *task, void *work) {
    if (threads > MOST_THREADS) threads = MOST_THREADS;
    if (threads < 2 || n < 2 || n >= 1 << BITS || pthread_mutex_trylock(&pool.busy)) {
        for (int i = 0; i < n; i++) task(work, i, 0);
        return;
    }
    if (pool.threads < threads) start_threads(threads);
    pool.task = task, pool.work = work;
    atomic_store(&pool.left, n);
    Ticket last = atomic_load(&pool.ticket);
    Ticket round = (ROUND(last) + 1) << 8 | (Ticket)threads;
    atomic_store(&pool.ticket, round << 2 * BITS | (Ticket)n << BITS);
    if (atomic_load(&pool.sleeping)) {
        pthread_mutex_lock(&pool.lock);
        pthread_cond_broadcast(&pool.woken);
        pthread_mutex_unlock(&pool.lock);
    }
    take_tasks(0);
    if (!happens(has_ended, 0)) {
        pthread_mutex_lock(&pool.lock);
        atomic_store(&pool.waiting, 1);
        while (atomic_load(&pool.left)) pthread_cond_wait(&pool.ended, &pool.lock);
        atomic_store(&pool.waiting, 0);
        pthread_mutex_unlock(&pool.lock);
    }
    pthread_mutex_unlock(&pool.busy);
}
