/* A pool of threads, which all networks of the process share. */
#ifndef POOL_H
#define POOL_H

enum { MOST_THREADS = 64 };

/* Does piece i of some work, on thread number `thread`, from 0. */
typedef void Task(void *work, int i, int thread);

/* Calls task(work, i, thread) for every i from 0 to n - 1, on up to `threads` threads, and returns
   when all have ended. While another caller has the threads, on the caller's thread alone. */
void each(int threads, int n, Task *task, void *work);

#endif
