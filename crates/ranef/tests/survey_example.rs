//! The worked example of small areas: what partial pooling with predictors of the regions does for
//! 14 regions, over 200 simulated surveys with known truth; and the files of the guide.

mod dense;
mod survey;

use dense::Rng;
use ranef::{AreasOptions, PoststratifyOptions, lmer};
use survey::{Country, REGIONS, SIZES};

/// The model, and the same without what is known of the regions.
const MODEL: &str = "score ~ income + age + sex + (1 | region)";
const WITHOUT: &str = "score ~ 1 + (1 | region)";

#[derive(Default)]
struct Errors {
    raw: f64,
    without: f64,
    model: f64,
    small_raw: f64,
    small_model: f64,
    covered: usize,
    raw_covered: usize,
    whole_covered: usize,
}

#[test]
fn two_hundred_surveys() {
    const SURVEYS: usize = 200;
    let mut rng = Rng(2024);
    let mut sums = Errors::default();
    for _ in 0..SURVEYS {
        // Another country every time: intervals are for regions as they come.
        let country = Country::new(&mut rng);
        let survey = country.survey(&mut rng).source(&country);
        let frame = country.frame().source().unwrap();
        let options = PoststratifyOptions::by(["region"]).count("people");
        let fit = lmer(MODEL, &survey).unwrap();
        let found = fit.poststratify(&frame, Some(&survey), &options).unwrap();
        let without = lmer(WITHOUT, &survey).unwrap();
        let without = without.poststratify(&frame, None, &options).unwrap();
        assert_eq!(found.rows.len(), 15);
        for region in 0..14 {
            let (row, truth) = (&found.rows[region], country.region(region));
            assert_eq!(row.values[0].as_deref(), Some(REGIONS[region]));
            assert_eq!(row.n, Some(SIZES[region]));
            let raw = row.raw.unwrap();
            sums.raw += (raw - truth).powi(2);
            sums.model += (row.estimate - truth).powi(2);
            sums.without += (without.rows[region].estimate - truth).powi(2);
            if SIZES[region] < 50 {
                sums.small_raw += (raw - truth).powi(2);
                sums.small_model += (row.estimate - truth).powi(2);
            }
            sums.covered += usize::from(row.lower <= truth && truth <= row.upper);
            let half = 1.96 * row.raw_std_error.unwrap();
            sums.raw_covered += usize::from((raw - truth).abs() <= half);
        }
        let (whole, truth) = (&found.rows[14], country.mean(|_| true));
        sums.whole_covered += usize::from(whole.lower <= truth && truth <= whole.upper);
    }
    let rmse = |sum: f64, n: usize| (sum / (n * SURVEYS) as f64).sqrt();
    let (raw, without, model) = (
        rmse(sums.raw, 14),
        rmse(sums.without, 14),
        rmse(sums.model, 14),
    );
    let small = rmse(sums.small_model, 5) / rmse(sums.small_raw, 5);
    let covered = sums.covered as f64 / (14 * SURVEYS) as f64;
    let whole = sums.whole_covered as f64 / SURVEYS as f64;
    println!(
        "rmse raw {raw:.3}, pooled {without:.3}, with predictors {model:.3}; ratio {:.3}, of small \
         regions {small:.3}; covered {covered:.3}, raw {:.3}, whole {whole:.3}",
        model / raw,
        sums.raw_covered as f64 / (14 * SURVEYS) as f64
    );
}

#[test]
fn timing() {
    let mut rng = Rng(7);
    let country = Country::new(&mut rng);
    let survey = country.survey(&mut rng).source(&country);
    let fit = lmer(MODEL, &survey).unwrap();
    let areas = fit
        .areas(&survey, &AreasOptions::default().threshold(50.0))
        .unwrap();
    println!("{areas}");
    let frame = country.frame().source().unwrap();
    let options = PoststratifyOptions::by(["age", "sex"]).count("people");
    println!(
        "{}",
        fit.poststratify(&frame, Some(&survey), &options).unwrap()
    );
}
