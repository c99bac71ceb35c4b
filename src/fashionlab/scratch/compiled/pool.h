typedef void (*Task)(void *of, int i);

/* Calls task(of, i) for every i from 0 to n - 1, on up to `threads` threads, and returns when all
   have ended. Where another thread is calling it too, on that thread alone. */
void each(int threads, int n, Task task, void *of);
