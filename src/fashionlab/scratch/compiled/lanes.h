/* V: sixteen floats, in whatever registers there are.

   Each operation works lane by lane and rounds once, as IEEE 754 says, so that the bits of a result
   depend on the order of the operations alone: never on the registers, nor on the compiler. A file
   that includes this one must have defined one of ISA_AVX512, ISA_AVX2, ISA_NEON, ISA_PLAIN. */

#ifdef __FAST_MATH__
#error "the same bits everywhere need IEEE 754: compile without -ffast-math"
#endif

#include <math.h>
#include <stdint.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))

#if defined(ISA_AVX512)

#include <immintrin.h>
#define ROWS 16 /* rows of a tile, each in a V: of 32 registers */
typedef struct { __m512 x; } V;
typedef __mmask16 Mask;

INLINE V load(const float *p) { return (V){_mm512_loadu_ps(p)}; }
INLINE void store(float *p, V a) { _mm512_storeu_ps(p, a.x); }
INLINE V load_some(const float *p, int n) { return (V){_mm512_maskz_loadu_ps((1 << n) - 1, p)}; }
INLINE void store_some(float *p, V a, int n) { _mm512_mask_storeu_ps(p, (1 << n) - 1, a.x); }
INLINE V from_bytes(const uint8_t *p) {
    return (V){_mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)p)))};
}
INLINE V broadcast(float a) { return (V){_mm512_set1_ps(a)}; }
INLINE V add(V a, V b) { return (V){_mm512_add_ps(a.x, b.x)}; }
INLINE V sub(V a, V b) { return (V){_mm512_sub_ps(a.x, b.x)}; }
INLINE V mul(V a, V b) { return (V){_mm512_mul_ps(a.x, b.x)}; }
INLINE V divide(V a, V b) { return (V){_mm512_div_ps(a.x, b.x)}; }
INLINE V square_root(V a) { return (V){_mm512_sqrt_ps(a.x)}; }
INLINE V mul_add(V a, V b, V c) { return (V){_mm512_fmadd_ps(a.x, b.x, c.x)}; }
INLINE Mask above(V a, V b) { return _mm512_cmp_ps_mask(a.x, b.x, _CMP_GT_OQ); }
INLINE V select(Mask m, V a, V b) { return (V){_mm512_mask_blend_ps(m, b.x, a.x)}; }
#define NEAREST (_MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)
INLINE V nearest(V a) { return (V){_mm512_roundscale_ps(a.x, NEAREST)}; }
INLINE V power_of_two(V n) { /* 2^n for whole n from -126 to 127 */
    __m512i bits = _mm512_add_epi32(_mm512_cvtps_epi32(n.x), _mm512_set1_epi32(127));
    return (V){_mm512_castsi512_ps(_mm512_slli_epi32(bits, 23))};
}

/* Bt of a block B of 16 rows, U apart. */
INLINE void turn_block(const float *w, int U, float *to) {
    __m512 a[16], b[16];
    for (int i = 0; i < 16; i++) a[i] = _mm512_loadu_ps(w + (size_t)i * U);
    for (int i = 0; i < 16; i += 2) {
        b[i] = _mm512_unpacklo_ps(a[i], a[i + 1]);
        b[i + 1] = _mm512_unpackhi_ps(a[i], a[i + 1]);
    }
    for (int i = 0; i < 16; i += 4)
        for (int j = 0; j < 2; j++) {
            __m512d x = _mm512_castps_pd(b[i + j]), y = _mm512_castps_pd(b[i + j + 2]);
            a[i + 2 * j] = _mm512_castpd_ps(_mm512_unpacklo_pd(x, y));
            a[i + 2 * j + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(x, y));
        }
    for (int i = 0; i < 16; i += 8) /* a[i + j] has columns j, j + 4, j + 8, j + 12 of four rows */
        for (int j = 0; j < 4; j++) {
            b[i + j] = _mm512_shuffle_f32x4(a[i + j], a[i + j + 4], 0x88);
            b[i + j + 4] = _mm512_shuffle_f32x4(a[i + j], a[i + j + 4], 0xdd);
        }
    for (int j = 0; j < 4; j++) {
        _mm512_storeu_ps(to + j * 16, _mm512_shuffle_f32x4(b[j], b[j + 8], 0x88));
        _mm512_storeu_ps(to + (j + 8) * 16, _mm512_shuffle_f32x4(b[j], b[j + 8], 0xdd));
        _mm512_storeu_ps(to + (j + 4) * 16, _mm512_shuffle_f32x4(b[j + 4], b[j + 12], 0x88));
        _mm512_storeu_ps(to + (j + 12) * 16, _mm512_shuffle_f32x4(b[j + 4], b[j + 12], 0xdd));
    }
}

#elif defined(ISA_AVX2)

#include <immintrin.h>
#define ROWS 6 /* of 16 registers, two each */
typedef struct { __m256 x, y; } V;
typedef struct { __m256 x, y; } Mask;

#define BOTH(f, a, b) {f(a.x, b.x), f(a.y, b.y)}
INLINE V load(const float *p) { return (V){_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
INLINE void store(float *p, V a) { _mm256_storeu_ps(p, a.x), _mm256_storeu_ps(p + 8, a.y); }
INLINE V from_bytes(const uint8_t *p) {
    __m256i x = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)p));
    __m256i y = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(p + 8)));
    return (V){_mm256_cvtepi32_ps(x), _mm256_cvtepi32_ps(y)};
}
INLINE V broadcast(float a) { return (V){_mm256_set1_ps(a), _mm256_set1_ps(a)}; }
INLINE V add(V a, V b) { return (V)BOTH(_mm256_add_ps, a, b); }
INLINE V sub(V a, V b) { return (V)BOTH(_mm256_sub_ps, a, b); }
INLINE V mul(V a, V b) { return (V)BOTH(_mm256_mul_ps, a, b); }
INLINE V divide(V a, V b) { return (V)BOTH(_mm256_div_ps, a, b); }
INLINE V square_root(V a) { return (V){_mm256_sqrt_ps(a.x), _mm256_sqrt_ps(a.y)}; }
INLINE V mul_add(V a, V b, V c) {
    return (V){_mm256_fmadd_ps(a.x, b.x, c.x), _mm256_fmadd_ps(a.y, b.y, c.y)};
}
INLINE Mask above(V a, V b) {
    return (Mask){_mm256_cmp_ps(a.x, b.x, _CMP_GT_OQ), _mm256_cmp_ps(a.y, b.y, _CMP_GT_OQ)};
}
INLINE V select(Mask m, V a, V b) {
    return (V){_mm256_blendv_ps(b.x, a.x, m.x), _mm256_blendv_ps(b.y, a.y, m.y)};
}
#define NEAREST (_MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)
INLINE V nearest(V a) { return (V){_mm256_round_ps(a.x, NEAREST), _mm256_round_ps(a.y, NEAREST)}; }
INLINE __m256 power_of_two_8(__m256 n) {
    __m256i bits = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
    return _mm256_castsi256_ps(_mm256_slli_epi32(bits, 23));
}
INLINE V power_of_two(V n) { return (V){power_of_two_8(n.x), power_of_two_8(n.y)}; }

INLINE void turn_eight(const float *w, int U, float *to) {
    __m256 a[8], b[8];
    for (int i = 0; i < 8; i++) a[i] = _mm256_loadu_ps(w + (size_t)i * U);
    for (int i = 0; i < 8; i += 2) {
        b[i] = _mm256_unpacklo_ps(a[i], a[i + 1]);
        b[i + 1] = _mm256_unpackhi_ps(a[i], a[i + 1]);
    }
    for (int i = 0; i < 8; i += 4)
        for (int j = 0; j < 2; j++) {
            a[i + 2 * j] = _mm256_shuffle_ps(b[i + j], b[i + j + 2], 0x44);
            a[i + 2 * j + 1] = _mm256_shuffle_ps(b[i + j], b[i + j + 2], 0xee);
        }
    for (int j = 0; j < 4; j++) { /* a[j] has columns j and j + 4 of the first four rows */
        _mm256_storeu_ps(to + j * 16, _mm256_permute2f128_ps(a[j], a[j + 4], 0x20));
        _mm256_storeu_ps(to + (j + 4) * 16, _mm256_permute2f128_ps(a[j], a[j + 4], 0x31));
    }
}
INLINE void turn_block(const float *w, int U, float *to) {
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++)
            turn_eight(w + (size_t)i * 8 * U + j * 8, U, to + j * 8 * LANES + i * 8);
}

#elif defined(ISA_NEON)

#include <arm_neon.h>
#define ROWS 6 /* of 32 registers, four each */
typedef struct { float32x4_t q[4]; } V;
typedef struct { uint32x4_t q[4]; } Mask;

#define EACH(type, expression)                              \
    type r;                                                 \
    for (int i = 0; i < 4; i++) r.q[i] = expression;        \
    return r
INLINE V load(const float *p) { EACH(V, vld1q_f32(p + 4 * i)); }
INLINE void store(float *p, V a) {
    for (int i = 0; i < 4; i++) vst1q_f32(p + 4 * i, a.q[i]);
}
INLINE V from_bytes(const uint8_t *p) {
    float lanes[LANES];
    for (int i = 0; i < LANES; i++) lanes[i] = p[i];
    return load(lanes);
}
INLINE V broadcast(float a) { EACH(V, vdupq_n_f32(a)); }
INLINE V add(V a, V b) { EACH(V, vaddq_f32(a.q[i], b.q[i])); }
INLINE V sub(V a, V b) { EACH(V, vsubq_f32(a.q[i], b.q[i])); }
INLINE V mul(V a, V b) { EACH(V, vmulq_f32(a.q[i], b.q[i])); }
INLINE V divide(V a, V b) { EACH(V, vdivq_f32(a.q[i], b.q[i])); }
INLINE V square_root(V a) { EACH(V, vsqrtq_f32(a.q[i])); }
INLINE V mul_add(V a, V b, V c) { EACH(V, vfmaq_f32(c.q[i], a.q[i], b.q[i])); }
INLINE V nearest(V a) { EACH(V, vrndnq_f32(a.q[i])); }
INLINE Mask above(V a, V b) { EACH(Mask, vcgtq_f32(a.q[i], b.q[i])); }
INLINE V select(Mask m, V a, V b) { EACH(V, vbslq_f32(m.q[i], a.q[i], b.q[i])); }
INLINE V power_of_two(V n) {
    int32x4_t bias = vdupq_n_s32(127);
    EACH(V, vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(vcvtq_s32_f32(n.q[i]), bias), 23)));
}

#else /* in C alone; slow where fmaf is a function */

#define ROWS 6
typedef struct { float x[LANES]; } V;
typedef struct { int x[LANES]; } Mask;

#define EACH(type, expression)                              \
    type r;                                                 \
    for (int i = 0; i < LANES; i++) r.x[i] = expression;    \
    return r
INLINE V load(const float *p) { EACH(V, p[i]); }
INLINE void store(float *p, V a) { memcpy(p, a.x, sizeof a.x); }
INLINE V from_bytes(const uint8_t *p) { EACH(V, p[i]); }
INLINE V broadcast(float a) { EACH(V, a); }
INLINE V add(V a, V b) { EACH(V, a.x[i] + b.x[i]); }
INLINE V sub(V a, V b) { EACH(V, a.x[i] - b.x[i]); }
INLINE V mul(V a, V b) { EACH(V, a.x[i] * b.x[i]); }
INLINE V divide(V a, V b) { EACH(V, a.x[i] / b.x[i]); }
INLINE V square_root(V a) { EACH(V, sqrtf(a.x[i])); }
INLINE V mul_add(V a, V b, V c) { EACH(V, fmaf(a.x[i], b.x[i], c.x[i])); }
INLINE V nearest(V a) { EACH(V, rintf(a.x[i])); }
INLINE Mask above(V a, V b) { EACH(Mask, a.x[i] > b.x[i]); }
INLINE V select(Mask m, V a, V b) { EACH(V, m.x[i] ? a.x[i] : b.x[i]); }
INLINE V power_of_two(V n) { EACH(V, ldexpf(1, (int)n.x[i])); }

#endif

#if !defined(ISA_AVX512) && !defined(ISA_AVX2)
INLINE void turn_block(const float *w, int U, float *to) {
    for (int i = 0; i < LANES; i++)
        for (int j = 0; j < LANES; j++) to[j * LANES + i] = w[(size_t)i * U + j];
}
#endif
#if !defined(ISA_AVX512)
INLINE V load_some(const float *p, int n) {
    float lanes[LANES] = {0};
    memcpy(lanes, p, n * sizeof *p);
    return load(lanes);
}
INLINE void store_some(float *p, V a, int n) {
    float lanes[LANES];
    store(lanes, a);
    memcpy(p, lanes, n * sizeof *p);
}
#endif

/* The first n lanes of what lies at p; the others are 0, or stay as they are. */
INLINE V get(const float *p, int n) { return n < LANES ? load_some(p, n) : load(p); }
INLINE void put(float *p, V a, int n) { n < LANES ? store_some(p, a, n) : store(p, a); }

INLINE V zeros(void) { return broadcast(0); }
INLINE V larger(V a, V b) { return select(above(a, b), a, b); } /* b where one of them is NaN */
INLINE V smaller(V a, V b) { return select(above(b, a), a, b); }

/* 0 for what is too small to matter: dZ of a saturated sigmoid, an optimizer's mean whose gradients
   have ended. Numbers below 2^-126 are subnormal, of fewer bits, and some processors compute a
   hundred times as slowly with them. They can take them for 0 by themselves, but not all in the same
   way. */
INLINE V settled(V a) {
    V size = larger(a, sub(zeros(), a));
    return select(above(broadcast(0x1p-100f), size), zeros(), a); /* NaN stays */
}

/* e^a, with a relative error below 1.2e-7 (above 88, 2.4e-7); 0 below -87.3, infinite above 88.7;
   NaN stays NaN.

   a = n ln 2 + r with n whole and |r| <= ln(2)/2; e^a = 2^n e^r, and e^r is a polynomial. ln 2 is
   taken off in two parts, of which the first has few bits, so that n times it is exact. */
INLINE V exponential(V a) {
    V n = nearest(mul(a, broadcast(1.44269504088896341f)));
    n = smaller(larger(n, broadcast(-126)), broadcast(127));
    V r = mul_add(n, broadcast(-0.693359375f), a);
    r = mul_add(n, broadcast(2.12194440e-4f), r);
    V p = broadcast(1.9875691500e-4f); /* Cephes, expf.c (Moshier 1989) */
    p = mul_add(p, r, broadcast(1.3981999507e-3f));
    p = mul_add(p, r, broadcast(8.3334519073e-3f));
    p = mul_add(p, r, broadcast(4.1665795894e-2f));
    p = mul_add(p, r, broadcast(1.6666665459e-1f));
    p = mul_add(p, r, broadcast(5.0000001201e-1f));
    p = mul_add(p, mul(r, r), add(r, broadcast(1)));
    V e = mul(p, power_of_two(n));
    e = select(above(broadcast(-87.3f), a), zeros(), e);
    return select(above(a, broadcast(88.7f)), broadcast(INFINITY), e);
}

/* tanh a: by e^(2|a|), and by an odd polynomial where that would lose digits. */
INLINE V hyperbolic_tangent(V a) {
    V size = larger(a, sub(zeros(), a)), square = mul(a, a);
    V e = exponential(add(size, size));
    V far = sub(broadcast(1), divide(broadcast(2), add(e, broadcast(1))));
    far = select(above(zeros(), a), sub(zeros(), far), far);
    V p = broadcast(-5.70498872745e-3f); /* Cephes, tanhf.c */
    p = mul_add(p, square, broadcast(2.06390887954e-2f));
    p = mul_add(p, square, broadcast(-5.37397155531e-2f));
    p = mul_add(p, square, broadcast(1.33314422036e-1f));
    p = mul_add(p, square, broadcast(-3.33332819422e-1f));
    V near_ = mul_add(mul(p, square), a, a);
    return select(above(size, broadcast(0.625f)), far, near_);
}

/* log x of a positive, finite float, in double: a plain sum, used once an image. */
static inline double logarithm(double x) {
    int n;
    double m = frexp(x, &n), f, s, z, sum = 0; /* x = m 2^n, 0.5 <= m < 1 */
    if (m < 0.70710678118654752440) m *= 2, n -= 1;
    f = m - 1, s = f / (2 + f), z = s * s; /* log m = 2 atanh s = 2 (s + s^3/3 + s^5/5 + ...) */
    for (int k = 21; k >= 1; k -= 2) sum = sum * z + 1.0 / k;
    return n * 0.69314718055994530942 + 2 * s * sum;
}
