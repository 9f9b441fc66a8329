//! The distribution functions against values from elsewhere, and against themselves.

use proptest::prelude::*;
use ranef_engine::distributions::{
    Beta, ChiSquared, FisherF, Gamma, Normal, StudentT, StudentizedRange, chi_bar_squared, special,
};

/// From R 4.2.2 (`pt`, `qt`, `dt`, …, printed with 17 digits), where R is right.
const FROM_R: &str = include_str!("distributions/r.csv");

/// From mpmath 1.4 by quadrature of the density with 50 digits, where R 4.2.2 is in doubt: it is
/// off by 1e-9 in tails with 1e9 and more degrees of freedom, 1e-8 in some densities, 1e-9 to 1 in
/// `qf` and in the far quantiles of `qt` and `qbeta`.
const FROM_MPMATH: &str = include_str!("distributions/mpmath.csv");

fn evaluate(function: &str, a: f64, b: f64, x: f64) -> f64 {
    match function {
        "normsf" => Normal::STANDARD.upper_tail(x),
        "normpdf" => Normal::STANDARD.density(x),
        "normlnsf" => Normal::STANDARD.ln_upper_tail(x),
        "normq" => Normal::STANDARD.quantile(x),
        "tsf" => StudentT::new(a).upper_tail(x),
        "tlnsf" => StudentT::new(a).ln_upper_tail(x),
        "tpdf" => StudentT::new(a).density(x),
        "tq" => StudentT::new(a).quantile(x),
        "c2sf" => ChiSquared::new(a).upper_tail(x),
        "c2cdf" => ChiSquared::new(a).cdf(x),
        "c2lnsf" => ChiSquared::new(a).ln_upper_tail(x),
        "c2pdf" => ChiSquared::new(a).density(x),
        "c2q" => ChiSquared::new(a).quantile(x),
        "c2uq" => ChiSquared::new(a).upper_quantile(x),
        "fsf" => FisherF::new(a, b).upper_tail(x),
        "fcdf" => FisherF::new(a, b).cdf(x),
        "fpdf" => FisherF::new(a, b).density(x),
        "fq" => FisherF::new(a, b).quantile(x),
        "bsf" => Beta::new(a, b).upper_tail(x),
        "bcdf" => Beta::new(a, b).cdf(x),
        "bpdf" => Beta::new(a, b).density(x),
        "bq" => Beta::new(a, b).quantile(x),
        "lgamma" => special::ln_gamma(x),
        "digamma" => special::digamma(x),
        "trigamma" => special::trigamma(x),
        _ => panic!("no function {function}"),
    }
}

fn assert_table(table: &str) {
    let mut wrong = String::new();
    for line in table.lines() {
        let (function, numbers) = line.split_once(',').expect("a function and its numbers");
        let numbers: Vec<f64> = numbers
            .split(',')
            .map(|word| word.parse().expect("a number"))
            .collect();
        let [a, b, x, expected] = numbers[..] else {
            panic!("{line}")
        };
        let found = evaluate(function, a, b, x);
        let error = ((found - expected) / expected).abs();
        if found != expected && (error > 1e-12 || error.is_nan()) {
            wrong += &format!("{line}: {found:e}, relative error {error:.1e}\n");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn values_of_r() {
    assert_table(FROM_R);
}

#[test]
fn values_of_mpmath() {
    assert_table(FROM_MPMATH);
}

fn assert_close(found: f64, expected: f64, tolerance: f64) {
    let error = if found == expected {
        0.0
    } else {
        ((found - expected) / expected).abs()
    };
    assert!(error <= tolerance, "{found:e} for {expected:e}: {error:e}");
}

#[test]
fn infinite_degrees_of_freedom_are_the_limit() {
    let (t, huge) = (StudentT::new(f64::INFINITY), StudentT::new(1e18));
    let (f, huge_f) = (FisherF::new(3.0, f64::INFINITY), FisherF::new(3.0, 1e18));
    for x in [0.1, 0.9, 1.0, 2.0, 6.0] {
        assert_close(huge.upper_tail(x), t.upper_tail(x), 1e-14);
        assert_close(huge.density(x), t.density(x), 1e-14);
        assert_close(huge_f.upper_tail(x), f.upper_tail(x), 1e-14);
        assert_close(huge_f.density(x), f.density(x), 1e-14);
        assert_close(
            f.upper_tail(x),
            ChiSquared::new(3.0).upper_tail(3.0 * x),
            1e-14,
        );
    }
    assert_close(huge.quantile(0.975), t.quantile(0.975), 1e-14);
    assert_close(
        huge_f.upper_quantile(1e-300),
        f.upper_quantile(1e-300),
        1e-13,
    );
}

#[test]
fn tails_beyond_the_smallest_double() {
    // pnorm(-1e5, log.p = TRUE) and so on; the others by their leading terms.
    assert_close(
        Normal::STANDARD.ln_upper_tail(1e5),
        -5000000012.431864,
        1e-15,
    );
    assert_close(ChiSquared::new(2.0).ln_upper_tail(1e6), -5e5, 1e-15);
    assert_close(
        FisherF::new(2.0, 2.0).ln_upper_tail(1e300),
        -1e300_f64.ln_1p(),
        1e-15,
    );
    assert_close(
        Beta::new(1e5, 1.0).ln_cdf(1e-10),
        1e5 * 1e-10_f64.ln(),
        1e-14,
    );
}

#[test]
fn complementary_error_function() {
    // mpmath 1.4.
    for (x, expected) in [
        (-1.0, 1.842_700_792_949_715),
        (0.0, 1.0),
        (0.1, 8.875_370_839_817_15e-1),
        (1.0, 1.572_992_070_502_851_3e-1),
        (5.0, 1.537_459_794_428_035e-12),
        (26.0, 5.663_192_408_856_143e-296),
    ] {
        assert_close(special::erfc(x), expected, 1e-14);
    }
    assert_close(special::erfcx(1e10), 5.641_895_835_477_563e-11, 1e-15);
}

#[test]
fn mixtures_of_chi_squared() {
    // Self and Liang's test of one variance: half of the plain p value.
    assert_close(
        chi_bar_squared(2.7, 0.0),
        0.5 * ChiSquared::new(1.0).upper_tail(2.7),
        0.0,
    );
    assert_close(chi_bar_squared(0.0, 0.0), 1.0, 0.0);
    // R 4.2.2: mean(pchisq(5.14, 1:2, lower.tail = FALSE)).
    assert_close(chi_bar_squared(5.14, 1.0), MIXTURE, 1e-14);
}

const MIXTURE: f64 = 0.049_958_096_806_182_73;

#[test]
fn ends_and_senseless_arguments() {
    let t = StudentT::new(3.5);
    assert_eq!((t.quantile(0.0), t.quantile(0.5)), (f64::NEG_INFINITY, 0.0));
    assert_eq!((t.cdf(0.0), t.upper_tail(f64::INFINITY)), (0.5, 0.0));
    let f = FisherF::new(2.0, 3.0);
    assert_eq!(
        (f.cdf(-1.0), f.upper_tail(0.0), f.density(0.0)),
        (0.0, 1.0, 1.0)
    );
    assert_eq!(
        (f.quantile(1.0), f.upper_quantile(1.0)),
        (f64::INFINITY, 0.0)
    );
    assert_eq!(
        (Normal::STANDARD.cdf(0.0), Normal::STANDARD.quantile(1.0)),
        (0.5, f64::INFINITY)
    );
    assert_eq!(
        (
            Beta::new(2.0, 1.0).density(1.0),
            Beta::new(2.0, 0.5).cdf(1.0)
        ),
        (2.0, 1.0)
    );
    let undefined = [
        StudentT::new(-1.0).two_sided_p(1.0),
        StudentT::new(-1.0).quantile(0.3),
        StudentT::new(4.0).quantile(1.5),
        StudentT::new(4.0).upper_tail(f64::NAN),
        ChiSquared::new(f64::NAN).cdf(1.0),
        ChiSquared::new(0.0).ln_upper_tail(1.0),
        FisherF::new(0.0, 3.0).density(1.0),
        FisherF::new(1.0, 3.0).quantile(f64::NAN),
        Gamma::new(1.0, -1.0).upper_tail(1.0),
        Beta::new(1.0, f64::INFINITY).cdf(0.5),
        Beta::new(1.0, 2.0).ln_density(f64::NAN),
        Normal::new(0.0, -1.0).cdf(1.0),
        Normal::STANDARD.quantile(f64::NAN),
        special::ln_gamma(-0.5),
    ];
    assert!(undefined.iter().all(|x| x.is_nan()), "{undefined:?}");
}

/// Positive numbers of all orders of magnitude.
fn parameter() -> impl Strategy<Value = f64> {
    (-1.5..12.0_f64).prop_map(|exponent| 10.0_f64.powf(exponent))
}

/// Probabilities down to 1e-290.
fn probability() -> impl Strategy<Value = f64> {
    prop_oneof![
        0.001..0.999_f64,
        (-290.0..-3.0_f64).prop_map(|exponent| 10.0_f64.powf(exponent))
    ]
}

/// That a quantile has its probability, up to rounding: of `ln x`, of which the logarithm of the
/// tail has the slope `x density / tail`, and of `ln p`.
fn assert_inverse(x: f64, tail: f64, density: f64, p: f64) -> Result<(), TestCaseError> {
    // A quantile too small or too large for a double is no failure.
    if x > 1e-290 && x < 1e290 {
        let condition = 1.0 + (1.0 + x.ln().abs()) * x * density / p - p.ln();
        let error = (tail / p - 1.0).abs();
        prop_assert!(
            error < 8.0 * f64::EPSILON * condition,
            "{tail:e} for {p:e} at {x:e}: {error:e}"
        );
    }
    Ok(())
}

proptest! {
    #[test]
    fn quantiles_have_their_probability(a in parameter(), b in parameter(), p in probability()) {
        let chi = ChiSquared::new(a);
        let x = chi.quantile(p);
        assert_inverse(x, chi.cdf(x), chi.density(x), p)?;
        let x = chi.upper_quantile(p);
        assert_inverse(x, chi.upper_tail(x), chi.density(x), p)?;
        let f = FisherF::new(a, b);
        let x = f.quantile(p);
        assert_inverse(x, f.cdf(x), f.density(x), p)?;
        let x = f.upper_quantile(p);
        assert_inverse(x, f.upper_tail(x), f.density(x), p)?;
        let t = StudentT::new(a);
        let x = -t.quantile(0.5 * p);
        assert_inverse(x, t.two_sided_p(x), 2.0 * t.density(x), p)?;
        let beta = Beta::new(a, b);
        let x = beta.quantile(p);
        if x < 0.5 {
            assert_inverse(x, beta.cdf(x), beta.density(x), p)?;
        }
        let x = Normal::STANDARD.upper_quantile(0.5 * p);
        let density = Normal::STANDARD.density(x);
        assert_inverse(x, Normal::STANDARD.two_sided_p(x), 2.0 * density, p)?;
    }

    #[test]
    fn the_tails_are_complements(a in parameter(), b in parameter(), z in -8.0..8.0_f64) {
        let f = (z * (a.recip() + b.recip()).sqrt()).exp();
        let fisher = FisherF::new(a, b);
        let inverse = FisherF::new(b, a);
        prop_assert!((fisher.cdf(f) + fisher.upper_tail(f) - 1.0).abs() < 1e-15);
        prop_assert!((fisher.ln_cdf(f).exp() - fisher.cdf(f)).abs() < 1e-14);
        if a.max(b) < 1e5 {
            prop_assert!((fisher.cdf(f) - inverse.upper_tail(1.0 / f)).abs() < 1e-12);
        }
        let t = StudentT::new(a);
        prop_assert_eq!(t.cdf(z), t.upper_tail(-z));
        prop_assert!((t.cdf(z) + t.upper_tail(z) - 1.0).abs() < 1e-15);
    }

    #[test]
    fn tails_fall(a in parameter(), b in parameter(), z in -8.0..8.0_f64, step in 1e-6..1.0_f64) {
        let spread = (a.recip() + b.recip()).sqrt();
        let f = FisherF::new(a, b);
        let at = |z: f64| f.ln_upper_tail((z * spread).exp());
        prop_assert!(at(z + step) <= at(z) * (1.0 - 1e-13), "{} {}", at(z), at(z + step));
        let normal = Normal::STANDARD;
        prop_assert!(normal.ln_upper_tail(z + step) < normal.ln_upper_tail(z));
    }

    #[test]
    fn ln_gamma_obeys_its_recurrence(x in 0.01..1e4_f64) {
        let step = special::ln_gamma(x + 1.0) - special::ln_gamma(x);
        let size = 1.0 + special::ln_gamma(x).abs();
        prop_assert!((step - x.ln()).abs() < 1e-14 * size);
        let digamma = special::digamma(x + 1.0) - special::digamma(x);
        prop_assert!((digamma - x.recip()).abs() < 1e-14 * (10.0 + x.recip()));
    }
}

/// Upper tails of the studentized range: mpmath 1.3 by nested quadrature of the definition with 20
/// digits. R's `ptukey` has 4 to 9 of them, and none in the last.
#[test]
fn studentized_range() {
    for (means, df, q, expected) in [
        (3.0, 10.0, 3.5, 0.07710331083841182),
        (3.0, 5.5, 8.0, 0.004158803155331439),
        (5.0, 20.0, 4.2, 0.05235357667355835),
        (10.0, 100.0, 5.0, 0.020862781674879514),
        // ptukey(30, 3, 4, lower.tail = FALSE) gives 8.09e-5.
        (3.0, 4.0, 30.0, 6.530591737198645e-05),
    ] {
        let range = StudentizedRange::new(means, df);
        assert_close(range.upper_tail(q), expected, 1e-11);
        assert_close(range.upper_quantile(expected), q, 1e-10);
        assert_close(range.cdf(q), 1.0 - expected, 1e-11);
    }
    // R: ptukey(c(9, 2, 3.3145), c(6, 3, 3), c(Inf, 1000, Inf), lower.tail = FALSE).
    for (means, df, q, expected) in [
        (6.0, f64::INFINITY, 9.0, 2.94719926241527e-09),
        (3.0, 1000.0, 2.0, 0.333900768846681),
        (3.0, f64::INFINITY, 3.3145, 0.0499993875968062),
    ] {
        let found = StudentizedRange::new(means, df).upper_tail(q);
        assert_close(found, expected, 2e-4);
    }
    // R: qtukey(0.95, c(3, 6), c(10, 30)).
    assert_close(
        StudentizedRange::new(3.0, 10.0).quantile(0.95),
        3.8767767492,
        1e-8,
    );
    assert_close(
        StudentizedRange::new(6.0, 30.0).quantile(0.95),
        4.3014638441,
        1e-8,
    );
    // With many degrees of freedom the limit is reached, and with few the tail stays.
    let limit = StudentizedRange::new(4.0, f64::INFINITY).upper_tail(3.5);
    assert_close(
        StudentizedRange::new(4.0, 1e12).upper_tail(3.5),
        limit,
        1e-10,
    );
    for df in [0.5, 1.0, 3.0] {
        let two = StudentizedRange::new(2.0 + 1e-12, df).upper_tail(40.0);
        let t = StudentT::new(df).two_sided_p(40.0 / 2f64.sqrt());
        // A hair more than two means goes through the integrals: the t distribution is its limit.
        assert_close(two, t, 1e-9);
    }
    assert_close(
        StudentizedRange::new(2.0 + 1e-12, 7.0).upper_tail(3.0),
        StudentT::new(7.0).two_sided_p(3.0 / 2f64.sqrt()),
        1e-9,
    );
    for bad in [
        StudentizedRange::new(1.0, 3.0),
        StudentizedRange::new(3.0, 0.0),
        StudentizedRange::new(f64::NAN, 3.0),
    ] {
        assert!(bad.upper_tail(1.0).is_nan() && bad.quantile(0.5).is_nan());
    }
    let range = StudentizedRange::new(3.0, 5.0);
    assert_eq!(
        (range.upper_tail(0.0), range.upper_tail(f64::INFINITY)),
        (1.0, 0.0)
    );
}

/// ψ'' and what the polygamma functions have beyond the logarithm's derivatives, from mpmath 1.4.
#[test]
fn polygamma() {
    for (x, expected, excess) in [
        (
            0.001,
            -2000000002.3976324,
            [-993.6678166528282, 999001.6425331959, -1999000002.3976324],
        ),
        (
            0.2,
            -251.47803611443592,
            [-3.679601984158088, 21.267377205423777, -226.47803611443592],
        ),
        (
            1.0,
            -2.4041138063191885,
            [-0.5772156649015329, 0.6449340668482264, -1.4041138063191887],
        ),
        (
            1.46,
            -0.8880630425818332,
            [-0.3800169977073285, 0.2841881146605728, -0.4189318735069599],
        ),
        (
            3.3,
            -0.1237511852649427,
            [
                -0.1590999794128128,
                0.05047123881075878,
                -0.03192382071030543,
            ],
        ),
        (
            9.99,
            -0.011073070531461051,
            [
                -0.05088421982926105,
                0.005176850048141687,
                -0.0010530404914109916,
            ],
        ),
        (
            10.0,
            -0.011049834970802067,
            [
                -0.05083250392732458,
                0.005166335681685746,
                -0.0010498349708020676,
            ],
        ),
        (
            25.0,
            -0.0016652793184224683,
            [
                -0.020133312016226743,
                0.0008106632572255791,
                -6.527931842246817e-05,
            ],
        ),
        (
            10000.0,
            -1.000100005e-08,
            [
                -5.00008333333325e-05,
                5.000166666666333e-09,
                -1.0000499999998334e-12,
            ],
        ),
        (
            1000000000.0,
            -1.000000001e-18,
            [
                -5.000000000833333e-10,
                5.000000001666666e-19,
                -1.0000000005e-27,
            ],
        ),
    ] {
        assert_close(special::tetragamma(x), expected, 1e-13);
        let found = special::polygamma_excess(x);
        for order in 0..3 {
            assert_close(found[order], excess[order], 1e-12);
        }
    }
    assert!(special::tetragamma(-1.0).is_nan());
}

/// Logistic functions, their logarithms, and the normal hazard, from mpmath 1.4.
#[test]
fn logistic_and_hazard() {
    for (x, softplus, logistic) in [
        (-40.0, 4.248354255291589e-18, 4.248354255291589e-18),
        (-1.0, 0.3132616875182228, 0.2689414213699951),
        (0.0, std::f64::consts::LN_2, 0.5),
        (1.0, 1.3132616875182228, 0.7310585786300049),
        (40.0, 40.0, 1.0),
        (800.0, 800.0, 1.0),
    ] {
        assert_close(special::softplus(x), softplus, 1e-15);
        assert_close(special::logistic(x), logistic, 1e-15);
    }
    for (x, expected) in [
        (-800.0, 0.0),
        (-40.0, -4.248354255291589e-18),
        (-1.0, -0.4586751453870819),
        (-0.6, -0.7958703683463195),
        (-1e-10, -23.025850929990458),
    ] {
        assert_close(special::ln_1m_exp(x), expected, 1e-15);
    }
    for (z, expected) in [
        (-10.0, 7.694598626706419e-23),
        (-0.5, 0.5091604338370335),
        (0.0, 0.7978845608028654),
        (2.0, 2.373215532822841),
        (38.0, 38.02627946657587),
        (100.0, 100.00999800099926),
    ] {
        assert_close(Normal::STANDARD.hazard(z), expected, 1e-14);
        assert_close(
            Normal::new(3.0, 2.0).hazard(3.0 + 2.0 * z),
            0.5 * expected,
            1e-14,
        );
    }
}
