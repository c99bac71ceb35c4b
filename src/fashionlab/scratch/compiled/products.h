/* The matrix products: every output is one chain of fused multiply-adds, in the order of k.

   What the network computes lies in panels: 16 columns of a matrix, of all its N rows, one row
   after the other; element (n, k) is at [k / 16][n][k % 16], and a row of a panel fills a V. What a
   product adds up is kept in registers, in a tile of some rows of one panel of C, while k runs from
   the first to the last: with more registers a tile is higher, but each output has the same chain.

              b[k], a V                for each k: one V of B, and one number
                  |                    of A for each row of the tile
   a[0][k] --> c0 += a[0][k] b[k]
   a[1][k] --> c1 += a[1][k] b[k]
     ...
   With `more` the chains go on from what C holds already. */

/* An index in each address would make two operations of each multiply-add. */
#define IN_A_REGISTER(p) __asm__("" : "+r"(p))
#if ROWS == 16 /* elsewhere a tile computes for long enough on what it loads */
#define FETCH_AHEAD(p) __builtin_prefetch(p)
#else
#define FETCH_AHEAD(p) ((void)0)
#endif

#define TIMES_1(X) X(0)
#define TIMES_2(X) TIMES_1(X) X(1)
#define TIMES_4(X) TIMES_2(X) X(2) X(3)
#define TIMES_6(X) TIMES_4(X) X(4) X(5)
#define TIMES_8(X) TIMES_6(X) X(6) X(7)
#define TIMES_16(X) TIMES_8(X) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)

#define BEGIN(r) V c##r = more ? load(c + r * LANES) : zeros();
#define END(r) store(c + r * LANES, c##r);

/* C = A B: c[r] += a[at[k] + 16 r] b[k] over K values of k, for rows r of A.

   `at` holds where the columns of A begin: at[k] = k / 16 * 16 N + k % 16 for panels in a row; a
   convolution has its windows there. */
#define ADD_ROW(r) c##r = mul_add(all(p[r * LANES]), y, c##r);
#define TILE(R)                                                                                   \
    INLINE void tile_##R(const float *a, const int32_t *at, const float *b, int K, float *c,      \
                         int more) {                                                              \
        TIMES_##R(BEGIN) for (int k = 0; k < K; k++) {                                            \
            const float *p = a + at[k];                                                           \
            IN_A_REGISTER(p);                                                                     \
            FETCH_AHEAD(a + at[k + LANES] + k % R * LANES);                                       \
            V y = load(b + k * LANES);                                                            \
            TIMES_##R(ADD_ROW)                                                                    \
        }                                                                                         \
        TIMES_##R(END)                                                                            \
    }

/* C = At B: c[r] += a[r + 16 n] b[n] over N rows n, for columns r of a panel of A. */
#define ADD_COLUMN(r) c##r = mul_add(all(p[r]), y, c##r);
#define TURNED(R)                                                                                 \
    INLINE void turned_##R(const float *a, const float *b, int N, float *c, int more) {           \
        TIMES_##R(BEGIN) for (int n = 0; n < N; n++) {                                            \
            const float *p = a + n * LANES;                                                       \
            V y = load(b + n * LANES);                                                            \
            TIMES_##R(ADD_COLUMN)                                                                 \
        }                                                                                         \
        TIMES_##R(END)                                                                            \
    }

/* The same for columns that lie apart: c[r] += a[at[r] + 16 n] b[n]. */
#define PLACE(r) const float *a##r = a + at[r];
#define ADD_APART(r) c##r = mul_add(all(a##r[n * LANES]), y, c##r);
#define APART(R)                                                                                  \
    INLINE void apart_##R(const float *a, const int32_t *at, const float *b, int N, float *c,     \
                          int more) {                                                             \
        TIMES_##R(PLACE) TIMES_##R(BEGIN) for (int n = 0; n < N; n++) {                           \
            V y = load(b + n * LANES);                                                            \
            TIMES_##R(ADD_APART)                                                                  \
        }                                                                                         \
        TIMES_##R(END)                                                                            \
    }

#define ALL_FORMS(R) TILE(R) TURNED(R) APART(R)
ALL_FORMS(1) ALL_FORMS(2) ALL_FORMS(4) ALL_FORMS(6)
#if ROWS == 16
ALL_FORMS(8) ALL_FORMS(16)
#endif

#define TAKE(R, call)              \
    if (left >= R) {               \
        call;                      \
        row += R, left -= R;       \
        continue;                  \
    }
#if ROWS == 16
#define TAKE_ALL(f, ...) TAKE(16, f##_16(__VA_ARGS__)) TAKE(8, f##_8(__VA_ARGS__)) TAKE_SOME(f, __VA_ARGS__)
#else
#define TAKE_ALL(f, ...) TAKE_SOME(f, __VA_ARGS__)
#endif
/* 8 = 4 + 4 rather than 6 + 2: a tile needs about 8 chains to keep the processor busy. */
#define TAKE_SOME(f, ...)                                      \
    if (left != 4 && left != 8) TAKE(6, f##_6(__VA_ARGS__))    \
    TAKE(4, f##_4(__VA_ARGS__)) TAKE(2, f##_2(__VA_ARGS__)) TAKE(1, f##_1(__VA_ARGS__))

/* Rows [0, left) of a panel of C = A B. */
static void product(const float *a, const int32_t *at, const float *b, int K, float *c, int left,
                    int more) {
    for (int row = 0; left;) {
        TAKE_ALL(tile, a + row * LANES, at, b, K, c + row * LANES, more)
    }
}

/* Rows [0, left) of a panel of C = At B, for `left` columns from a on, or those at at[0], at[1] ... */
static void product_turned(const float *a, const float *b, int N, float *c, int left, int more) {
    for (int row = 0; left;) {
        TAKE_ALL(turned, a + row, b, N, c + row * LANES, more)
    }
}

static void product_apart(const float *a, const int32_t *at, const float *b, int N, float *c,
                          int left, int more) {
    for (int row = 0; left;) {
        TAKE_ALL(apart, a, at + row, b, N, c + row * LANES, more)
    }
}
