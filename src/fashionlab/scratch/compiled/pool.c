/* each: calls task(of, i) for every i below n, on as many threads as there are cores.

   Threads take one i after the other, so that a core that has other work to do holds nobody up. A
   thread without work looks for some SPIN times, about 50 microseconds, then sleeps. */

#include "pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#if defined(__x86_64__) || defined(__i386__)
#define PAUSE() __builtin_ia32_pause()
#elif defined(__aarch64__)
#define PAUSE() __asm__ volatile("yield")
#else
#define PAUSE() ((void)0)
#endif

enum { MOST = 64, SPIN = 2000, BITS = 20 };

/* round | n | the next i. A thread that reads all three at once never takes a task of another
   round by the number of tasks in this one. */
typedef uint64_t Ticket;
#define ROUND(t) ((t) >> 2 * BITS)
#define COUNT(t) ((t) >> BITS & ((1 << BITS) - 1))
#define NEXT(t) ((t) & ((1 << BITS) - 1))

static struct {
    _Atomic Ticket ticket;
    atomic_int left, sleeping;
    Task task;
    void *of;
    int threads; /* that were started, the caller's own among them */
    pthread_mutex_t busy, lock;
    pthread_cond_t woken;
} pool = {.threads = 1, .busy = PTHREAD_MUTEX_INITIALIZER, .lock = PTHREAD_MUTEX_INITIALIZER,
          .woken = PTHREAD_COND_INITIALIZER};

/* Takes tasks until there is none, and returns the ticket that said so. */
static Ticket work(void) {
    for (;;) {
        Ticket t = atomic_load_explicit(&pool.ticket, memory_order_acquire);
        if (NEXT(t) >= COUNT(t)) return t;
        t = atomic_fetch_add_explicit(&pool.ticket, 1, memory_order_acq_rel);
        if (NEXT(t) >= COUNT(t)) continue;
        pool.task(pool.of, (int)NEXT(t));
        atomic_fetch_sub_explicit(&pool.left, 1, memory_order_release);
    }
}

static int is_new(Ticket seen) {
    return ROUND(atomic_load_explicit(&pool.ticket, memory_order_acquire)) != ROUND(seen);
}

static void *helper(void *unused) {
    (void)unused;
    for (;;) {
        Ticket seen = work();
        for (int i = 0; i < SPIN && !is_new(seen); i++) PAUSE();
        if (is_new(seen)) continue;
        pthread_mutex_lock(&pool.lock);
        atomic_fetch_add(&pool.sleeping, 1);
        while (!is_new(seen)) pthread_cond_wait(&pool.woken, &pool.lock);
        atomic_fetch_sub(&pool.sleeping, 1);
        pthread_mutex_unlock(&pool.lock);
    }
    return 0;
}

/* In the child of a fork there is the caller's thread alone, whatever the locks say. */
static void after_fork(void) {
    pthread_mutex_init(&pool.busy, 0), pthread_mutex_init(&pool.lock, 0);
    pthread_cond_init(&pool.woken, 0);
    pool.threads = 1;
    atomic_store(&pool.sleeping, 0);
}

static void start(int threads) {
    static atomic_int watched;
    if (!atomic_exchange(&watched, 1)) pthread_atfork(0, 0, after_fork);
    pthread_attr_t detached;
    pthread_attr_init(&detached), pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    for (pthread_t thread; pool.threads < threads && pool.threads < MOST; pool.threads++)
        if (pthread_create(&thread, &detached, helper, 0)) break; /* then with fewer */
    pthread_attr_destroy(&detached);
}

void each(int threads, int n, Task task, void *of) {
    if (threads < 2 || n < 2 || n >= 1 << BITS || pthread_mutex_trylock(&pool.busy)) {
        for (int i = 0; i < n; i++) task(of, i); /* another model has the threads */
        return;
    }
    if (pool.threads < threads) start(threads);
    pool.task = task, pool.of = of;
    atomic_store_explicit(&pool.left, n, memory_order_relaxed);
    Ticket last = atomic_load_explicit(&pool.ticket, memory_order_relaxed);
    Ticket next = (ROUND(last) + 1) << 2 * BITS | (Ticket)n << BITS;
    atomic_store(&pool.ticket, next);
    if (atomic_load(&pool.sleeping)) {
        pthread_mutex_lock(&pool.lock);
        pthread_cond_broadcast(&pool.woken);
        pthread_mutex_unlock(&pool.lock);
    }
    work();
    while (atomic_load_explicit(&pool.left, memory_order_acquire)) PAUSE();
    pthread_mutex_unlock(&pool.busy);
}
