/* The matrix products: every output is one chain of fused multiply-adds, in the order of d or n.

   Values lie in panels (network.h). What a product adds up is kept in registers, in a tile of some
   rows of one panel of Z, while d runs from the first input to the last: with more registers a tile
   is higher, but each output has the same chain.

                  w[d], a V              for each d: one V of W, and one number
                      |                  of X for each row of the tile
   x[0][d] --> z0 += x[0][d] w[d]
   x[1][d] --> z1 += x[1][d] w[d]
     ...
   With `adds` the chains go on from what z holds already. */

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

#define BEGIN(r) V z##r = adds ? load(z + r * LANES) : zeros();
#define END(r) store(z + r * LANES, z##r);

/* Z = X W: z[r] += x[x_at[d] + 16 r] w[d] over d < D, for R rows. x (rows, 16) in each of its
   panels, w (D, 16), z (R, 16). x_at holds where the columns of X begin; 16 more can be read. */
#define ADD_ROW(r) z##r = mul_add(broadcast(p[r * LANES]), y, z##r);
#define TILE(R)                                                                                 \
    INLINE void tile_##R(const float *x, const int32_t *x_at, const float *w, int D, float *z,  \
                         int adds) {                                                            \
        TIMES_##R(BEGIN)                                                                        \
        for (int d = 0; d < D; d++) {                                                           \
            const float *p = x + x_at[d];                                                       \
            IN_A_REGISTER(p);                                                                   \
            FETCH_AHEAD(x + x_at[d + LANES] + d % R * LANES);                                   \
            V y = load(w + d * LANES);                                                          \
            TIMES_##R(ADD_ROW)                                                                  \
        }                                                                                       \
        TIMES_##R(END)                                                                          \
    }

/* The same for two panels of Z: each number of X is loaded once for both. Of 8 rows, for which 32
   registers are enough. */
#if ROWS == 16
#define BEGIN_2(r) BEGIN(r) V u##r = adds ? load(z_2 + r * LANES) : zeros();
#define END_2(r) END(r) store(z_2 + r * LANES, u##r);
#define ADD_ROW_2(r)                      \
    {                                     \
        V n = broadcast(p[r * LANES]);    \
        z##r = mul_add(n, y, z##r);       \
        u##r = mul_add(n, y_2, u##r);     \
    }
INLINE void tile_8_by_2(const float *x, const int32_t *x_at, const float *w, const float *w_2,
                        int D, float *z, float *z_2, int adds) {
    TIMES_8(BEGIN_2)
    for (int d = 0; d < D; d++) {
        const float *p = x + x_at[d];
        IN_A_REGISTER(p);
        FETCH_AHEAD(x + x_at[d + LANES] + d % 8 * LANES);
        V y = load(w + d * LANES), y_2 = load(w_2 + d * LANES);
        TIMES_8(ADD_ROW_2)
    }
    TIMES_8(END_2)
}
#endif

/* dW = Xt dZ: z[r] += x[r + 16 n] dz[n] over n < B, for R columns of a panel of X. x (B, 16),
   dz (B, 16), z (R, 16). */
#define ADD_COLUMN(r) z##r = mul_add(broadcast(p[r]), y, z##r);
#define TURNED(R)                                                                               \
    INLINE void turned_##R(const float *x, const float *dz, int B, float *z, int adds) {        \
        TIMES_##R(BEGIN)                                                                        \
        for (int n = 0; n < B; n++) {                                                           \
            const float *p = x + n * LANES;                                                     \
            V y = load(dz + n * LANES);                                                         \
            TIMES_##R(ADD_COLUMN)                                                               \
        }                                                                                       \
        TIMES_##R(END)                                                                          \
    }

/* The same for columns of X that lie apart: z[r] += x[x_at[r] + 16 n] dz[n]. */
#define PLACE(r) const float *x##r = x + x_at[r];
#define ADD_APART(r) z##r = mul_add(broadcast(x##r[n * LANES]), y, z##r);
#define APART(R)                                                                                \
    INLINE void apart_##R(const float *x, const int32_t *x_at, const float *dz, int B, float *z, \
                          int adds) {                                                           \
        TIMES_##R(PLACE)                                                                        \
        TIMES_##R(BEGIN)                                                                        \
        for (int n = 0; n < B; n++) {                                                           \
            V y = load(dz + n * LANES);                                                         \
            TIMES_##R(ADD_APART)                                                                \
        }                                                                                       \
        TIMES_##R(END)                                                                          \
    }

#define ALL_FORMS(R) TILE(R) TURNED(R) APART(R)
ALL_FORMS(1)
ALL_FORMS(2)
ALL_FORMS(4)
ALL_FORMS(6)
#if ROWS == 16
ALL_FORMS(8)
ALL_FORMS(16)
#endif

/* The highest tile for so many rows; 4 for 8, since a tile of 2 would keep too few chains going. */
INLINE int rows_of_tile(int rows) {
    if (ROWS == 16 && rows >= 8) return rows >= 16 ? 16 : 8;
    if (rows >= 6 && rows != 8) return 6;
    return rows >= 4 ? 4 : rows >= 2 ? 2 : 1;
}

#if ROWS == 16
#define OF_EACH_HEIGHT(CASE) CASE(16) CASE(8) CASE(6) CASE(4) CASE(2) CASE(1)
#else
#define OF_EACH_HEIGHT(CASE) CASE(6) CASE(4) CASE(2) CASE(1)
#endif

/* `rows` rows of a panel of Z = X W. */
static void product(const float *x, const int32_t *x_at, const float *w, int D, float *z, int rows,
                    int adds) {
#define CASE(R) case R: tile_##R(x, x_at, w, D, z, adds); break;
    for (int R; rows; x += R * LANES, z += R * LANES, rows -= R)
        switch (R = rows_of_tile(rows)) { OF_EACH_HEIGHT(CASE) }
#undef CASE
}

/* `rows` rows of two panels of Z. */
static void product_2(const float *x, const int32_t *x_at, const float *w, const float *w_2, int D,
                      float *z, float *z_2, int rows, int adds) {
#if ROWS == 16
    for (; rows >= 8; x += 8 * LANES, z += 8 * LANES, z_2 += 8 * LANES, rows -= 8)
        tile_8_by_2(x, x_at, w, w_2, D, z, z_2, adds);
#endif
    product(x, x_at, w, D, z, rows, adds);
    product(x, x_at, w_2, D, z_2, rows, adds);
}

/* `rows` rows of a panel of dW = Xt dZ, for as many columns of X from x on. */
static void product_turned(const float *x, const float *dz, int B, float *dw, int rows, int adds) {
#define CASE(R) case R: turned_##R(x, dz, B, dw, adds); break;
    for (int R; rows; x += R, dw += R * LANES, rows -= R)
        switch (R = rows_of_tile(rows)) { OF_EACH_HEIGHT(CASE) }
#undef CASE
}

/* The same for columns that begin at x_at[0], x_at[1], ... */
static void product_apart(const float *x, const int32_t *x_at, const float *dz, int B, float *dw,
                          int rows, int adds) {
#define CASE(R) case R: apart_##R(x, x_at, dz, B, dw, adds); break;
    for (int R; rows; x_at += R, dw += R * LANES, rows -= R)
        switch (R = rows_of_tile(rows)) { OF_EACH_HEIGHT(CASE) }
#undef CASE
}
