/* The matrix products: every output is one chain of fused multiply-adds, in the order of k.

   A matrix with N rows lies in panels: 16 of its columns, of all rows, one row after the other; so
   element (n, k) is at [k / 16][n][k % 16], and a row of a panel fills a V. What a product adds up
   is kept in the registers of a tile, ROWS rows of one panel, while k runs from the first to the
   last: with other registers the tiles have another height, but each output has the same chain.

   A tile takes from memory one V of B, and a number of A for each of its rows, for as many fused
   multiply-adds as it has rows. */

#define TIMES_1(X) X(0)
#define TIMES_2(X) TIMES_1(X) X(1)
#define TIMES_4(X) TIMES_2(X) X(2) X(3)
#define TIMES_6(X) TIMES_4(X) X(4) X(5)
#define TIMES_8(X) TIMES_6(X) X(6) X(7)
#define TIMES_16(X) TIMES_8(X) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)

#define DECLARE(r) V c##r = more ? load(c + r * LANES) : zeros();
#define KEEP(r) store(c + r * LANES, c##r);

/* c[r] = [c[r] +] sum over k of a[at[k] + 16 r] b[k], for rows r of A: C = A B.

   `at` holds where the columns of A begin, from a on: in panels, at[k] = k / 16 * 16 N + k % 16; a
   convolution has its windows there. */
#define ADD_ROW(r) c##r = mul_add(all(p[r * LANES]), y, c##r);
#define TILE(R)                                                                                   \
    INLINE void tile_##R(const float *a, const int32_t *at, const float *b, int K, float *c,      \
                         int more) {                                                              \
        TIMES_##R(DECLARE) for (int k = 0; k < K; k++) {                                          \
            const float *p = a + at[k];                                                           \
            V y = load(b + k * LANES);                                                            \
            TIMES_##R(ADD_ROW)                                                                    \
        }                                                                                         \
        TIMES_##R(KEEP)                                                                           \
    }

/* c[r] = [c[r] +] sum over n of a[r + 16 n] b[n], for columns r of a panel of A: C = At B. */
#define ADD_COLUMN(r) c##r = mul_add(all(p[r]), y, c##r);
#define TURNED(R)                                                                                 \
    INLINE void turned_##R(const float *a, const float *b, int N, float *c, int more) {           \
        TIMES_##R(DECLARE) for (int n = 0; n < N; n++) {                                          \
            const float *p = a + n * LANES;                                                       \
            V y = load(b + n * LANES);                                                            \
            TIMES_##R(ADD_COLUMN)                                                                 \
        }                                                                                         \
        TIMES_##R(KEEP)                                                                           \
    }

TILE(1) TILE(2) TILE(4) TILE(6) TURNED(1) TURNED(2) TURNED(4) TURNED(6)
#if ROWS == 16
TILE(8) TILE(16) TURNED(8) TURNED(16)
#endif

#define FROM(R, call) if (left >= R) { call; left -= R; row += R; continue; }

/* Rows [row, row + left) of a panel of C = A B. */
static void product(const float *a, const int32_t *at, const float *b, int K, float *c, int row,
                    int left, int more) {
    while (left) {
        const float *from = a + (size_t)row * LANES;
        float *to = c + (size_t)row * LANES;
#if ROWS == 16
        FROM(16, tile_16(from, at, b, K, to, more))
        FROM(8, tile_8(from, at, b, K, to, more))
#endif
        if (left != 8 && left != 4) FROM(6, tile_6(from, at, b, K, to, more))
        FROM(4, tile_4(from, at, b, K, to, more))
        FROM(2, tile_2(from, at, b, K, to, more))
        FROM(1, tile_1(from, at, b, K, to, more))
    }
}

/* Rows [0, left) of a panel of C = At B, for the columns of a panel of A. */
static void product_of_turned(const float *a, const float *b, int N, float *c, int left, int more) {
    int row = 0;
    while (left) {
        const float *from = a + row;
        float *to = c + row * LANES;
#if ROWS == 16
        FROM(16, turned_16(from, b, N, to, more))
        FROM(8, turned_8(from, b, N, to, more))
#endif
        FROM(6, turned_6(from, b, N, to, more))
        FROM(4, turned_4(from, b, N, to, more))
        FROM(2, turned_2(from, b, N, to, more))
        FROM(1, turned_1(from, b, N, to, more))
    }
}
