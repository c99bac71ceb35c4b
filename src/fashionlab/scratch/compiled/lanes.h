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

#define LANES 16
#define INLINE static inline __attribute__((always_inline))

#if defined(ISA_AVX512)

#include <immintrin.h>
#define ROWS 16 /* rows of a tile, each in a V: of 32 registers */
typedef struct { __m512 x; } V;
typedef __mmask16 Mask;

INLINE V load(const float *p) { return (V){_mm512_loadu_ps(p)}; }
INLINE void store(float *p, V a) { _mm512_storeu_ps(p, a.x); }
INLINE V all(float a) { return (V){_mm512_set1_ps(a)}; }
INLINE V add(V a, V b) { return (V){_mm512_add_ps(a.x, b.x)}; }
INLINE V sub(V a, V b) { return (V){_mm512_sub_ps(a.x, b.x)}; }
INLINE V mul(V a, V b) { return (V){_mm512_mul_ps(a.x, b.x)}; }
INLINE V over(V a, V b) { return (V){_mm512_div_ps(a.x, b.x)}; }
INLINE V root(V a) { return (V){_mm512_sqrt_ps(a.x)}; }
INLINE V mul_add(V a, V b, V c) { return (V){_mm512_fmadd_ps(a.x, b.x, c.x)}; }
INLINE Mask above(V a, V b) { return _mm512_cmp_ps_mask(a.x, b.x, _CMP_GT_OQ); }
INLINE V choose(Mask m, V a, V b) { return (V){_mm512_mask_blend_ps(m, b.x, a.x)}; }
INLINE V nearest(V a) { return (V){_mm512_roundscale_ps(a.x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)}; }
INLINE V power_of_two(V n) { /* 2^n for whole n from -126 to 127 */
    __m512i bits = _mm512_add_epi32(_mm512_cvtps_epi32(n.x), _mm512_set1_epi32(127));
    return (V){_mm512_castsi512_ps(_mm512_slli_epi32(bits, 23))};
}

#elif defined(ISA_AVX2)

#include <immintrin.h>
#define ROWS 6 /* of 16 registers, two each */
typedef struct { __m256 x, y; } V;
typedef struct { __m256 x, y; } Mask;

#define BOTH(f, a, b) {f(a.x, b.x), f(a.y, b.y)}
INLINE V load(const float *p) { return (V){_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
INLINE void store(float *p, V a) { _mm256_storeu_ps(p, a.x), _mm256_storeu_ps(p + 8, a.y); }
INLINE V all(float a) { return (V){_mm256_set1_ps(a), _mm256_set1_ps(a)}; }
INLINE V add(V a, V b) { return (V)BOTH(_mm256_add_ps, a, b); }
INLINE V sub(V a, V b) { return (V)BOTH(_mm256_sub_ps, a, b); }
INLINE V mul(V a, V b) { return (V)BOTH(_mm256_mul_ps, a, b); }
INLINE V over(V a, V b) { return (V)BOTH(_mm256_div_ps, a, b); }
INLINE V root(V a) { return (V){_mm256_sqrt_ps(a.x), _mm256_sqrt_ps(a.y)}; }
INLINE V mul_add(V a, V b, V c) {
    return (V){_mm256_fmadd_ps(a.x, b.x, c.x), _mm256_fmadd_ps(a.y, b.y, c.y)};
}
INLINE Mask above(V a, V b) {
    return (Mask){_mm256_cmp_ps(a.x, b.x, _CMP_GT_OQ), _mm256_cmp_ps(a.y, b.y, _CMP_GT_OQ)};
}
INLINE V choose(Mask m, V a, V b) {
    return (V){_mm256_blendv_ps(b.x, a.x, m.x), _mm256_blendv_ps(b.y, a.y, m.y)};
}
#define NEAREST (_MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)
INLINE V nearest(V a) { return (V){_mm256_round_ps(a.x, NEAREST), _mm256_round_ps(a.y, NEAREST)}; }
INLINE __m256 power_of_two_8(__m256 n) {
    __m256i bits = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
    return _mm256_castsi256_ps(_mm256_slli_epi32(bits, 23));
}
INLINE V power_of_two(V n) { return (V){power_of_two_8(n.x), power_of_two_8(n.y)}; }

#else /* NEON has four registers of four, and the compiler's vectors suit it; so do they plain C */

#define ROWS 6
typedef float Quad __attribute__((vector_size(16)));
typedef int32_t QuadMask __attribute__((vector_size(16)));
typedef struct { Quad q[4]; } V;
typedef struct { QuadMask q[4]; } Mask;

#define EACH(expression) \
    V r; \
    for (int i = 0; i < 4; i++) r.q[i] = expression; \
    return r
INLINE V load(const float *p) { V r; memcpy(&r, p, sizeof r); return r; }
INLINE void store(float *p, V a) { memcpy(p, &a, sizeof a); }
INLINE V all(float a) { EACH(((Quad){a, a, a, a})); }
INLINE V add(V a, V b) { EACH(a.q[i] + b.q[i]); }
INLINE V sub(V a, V b) { EACH(a.q[i] - b.q[i]); }
INLINE V mul(V a, V b) { EACH(a.q[i] * b.q[i]); }
INLINE V over(V a, V b) { EACH(a.q[i] / b.q[i]); }
#if defined(ISA_NEON)
#include <arm_neon.h>
INLINE V root(V a) { EACH((Quad)vsqrtq_f32((float32x4_t)a.q[i])); }
INLINE V mul_add(V a, V b, V c) {
    EACH((Quad)vfmaq_f32((float32x4_t)c.q[i], (float32x4_t)a.q[i], (float32x4_t)b.q[i]));
}
INLINE V nearest(V a) { EACH((Quad)vrndnq_f32((float32x4_t)a.q[i])); }
#else
INLINE V root(V a) {
    V r;
    for (int i = 0; i < 4; i++)
        for (int l = 0; l < 4; l++) r.q[i][l] = sqrtf(a.q[i][l]);
    return r;
}
INLINE V mul_add(V a, V b, V c) {
    V r;
    for (int i = 0; i < 4; i++)
        for (int l = 0; l < 4; l++) r.q[i][l] = fmaf(a.q[i][l], b.q[i][l], c.q[i][l]);
    return r;
}
INLINE V nearest(V a) {
    V r;
    for (int i = 0; i < 4; i++)
        for (int l = 0; l < 4; l++) r.q[i][l] = rintf(a.q[i][l]);
    return r;
}
#endif
INLINE Mask above(V a, V b) {
    Mask r;
    for (int i = 0; i < 4; i++) r.q[i] = a.q[i] > b.q[i];
    return r;
}
INLINE V choose(Mask m, V a, V b) {
    EACH((Quad)(((QuadMask)a.q[i] & m.q[i]) | ((QuadMask)b.q[i] & ~m.q[i])));
}
INLINE V power_of_two(V n) {
    V r;
    for (int i = 0; i < 4; i++) {
        QuadMask bits = {(int)n.q[i][0], (int)n.q[i][1], (int)n.q[i][2], (int)n.q[i][3]};
        r.q[i] = (Quad)((bits + 127) << 23);
    }
    return r;
}

#endif

INLINE V zeros(void) { return all(0); }
INLINE V larger(V a, V b) { return choose(above(a, b), a, b); } /* b where one of them is NaN */
INLINE V smaller(V a, V b) { return choose(above(b, a), a, b); }

/* e^a, with a relative error below 1e-7; 0 below -87.3, infinite above 88.7; NaN stays NaN.

   a = n ln 2 + r with n whole and |r| <= ln(2)/2; e^a = 2^n e^r, and e^r is a polynomial. ln 2 is
   taken off in two parts, of which the first has few bits, so that n times it is exact. */
INLINE V exponential(V a) {
    V n = nearest(mul(a, all(1.44269504088896341f)));
    n = smaller(larger(n, all(-126)), all(127));
    V r = mul_add(n, all(-0.693359375f), a);
    r = mul_add(n, all(2.12194440e-4f), r);
    V p = all(1.9875691500e-4f); /* Cephes, expf.c (Moshier 1989) */
    p = mul_add(p, r, all(1.3981999507e-3f));
    p = mul_add(p, r, all(8.3334519073e-3f));
    p = mul_add(p, r, all(4.1665795894e-2f));
    p = mul_add(p, r, all(1.6666665459e-1f));
    p = mul_add(p, r, all(5.0000001201e-1f));
    p = mul_add(p, mul(r, r), add(r, all(1)));
    V e = mul(p, power_of_two(n));
    e = choose(above(all(-87.3f), a), zeros(), e);
    return choose(above(a, all(88.7f)), all(INFINITY), e);
}

/* tanh a: by e^(2|a|), and by an odd polynomial where that would lose digits. */
INLINE V hyperbolic_tangent(V a) {
    V size = larger(a, sub(zeros(), a)), square = mul(a, a);
    V e = exponential(add(size, size));
    V far = sub(all(1), over(all(2), add(e, all(1))));
    far = choose(above(zeros(), a), sub(zeros(), far), far);
    V p = all(-5.70498872745e-3f); /* Cephes, tanhf.c */
    p = mul_add(p, square, all(2.06390887954e-2f));
    p = mul_add(p, square, all(-5.37397155531e-2f));
    p = mul_add(p, square, all(1.33314422036e-1f));
    p = mul_add(p, square, all(-3.33332819422e-1f));
    V near_ = mul_add(mul(p, square), a, a);
    return choose(above(size, all(0.625f)), far, near_);
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
