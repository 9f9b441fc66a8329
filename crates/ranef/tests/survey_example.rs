//! The worked example of small areas: what partial pooling with predictors of the regions does for
//! 14 regions, over 200 simulated surveys with known truth; and the files of the guide.

mod dense;
mod survey;

use dense::Rng;
use ranef::frame::{Source, write_csv};
use ranef::{Model, PoststratifyOptions, lmer};
use survey::{Country, REGIONS, SIZES};

/// The model, and the same without what is known of the regions.
const MODEL: &str = "score ~ income + age + sex + (1 | region)";
/// Seed of the example in the guide.
const GUIDE: u64 = 14;
const WITHOUT: &str = "score ~ 1 + (1 | region)";

#[derive(Default)]
struct Errors {
    raw: f64,
    without: f64,
    model: f64,
    small_raw: f64,
    small_model: f64,
    covered: usize,
    whole_covered: usize,
}

/// Adds up over surveys of as many countries: intervals are for regions as they come.
fn surveys(rng: &mut Rng, count: usize, noise: f64) -> Errors {
    let mut sums = Errors::default();
    for _ in 0..count {
        let country = Country::new(rng);
        let survey = country.survey(rng, noise).source(&country);
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
            let raw = (row.raw.unwrap() - truth).powi(2);
            let model = (row.estimate - truth).powi(2);
            sums.raw += raw;
            sums.model += model;
            sums.without += (without.rows[region].estimate - truth).powi(2);
            if SIZES[region] < 50 {
                sums.small_raw += raw;
                sums.small_model += model;
            }
            sums.covered += usize::from(row.lower <= truth && truth <= row.upper);
        }
        let (whole, truth) = (&found.rows[14], country.mean(|_| true));
        sums.whole_covered += usize::from(whole.lower <= truth && truth <= whole.upper);
    }
    sums
}

/// The whole figure: root mean square errors of 14 regions over 200 surveys.
#[test]
fn partial_pooling_with_predictors_is_nearer_to_the_truth() {
    const SURVEYS: usize = 200;
    let sums = surveys(&mut Rng(2024), SURVEYS, 10.0);
    let rmse = |sum: f64, n: usize| (sum / (n * SURVEYS) as f64).sqrt();
    let raw = rmse(sums.raw, 14);
    let (without, model) = (rmse(sums.without, 14), rmse(sums.model, 14));
    let small = rmse(sums.small_model, 5) / rmse(sums.small_raw, 5);
    let covered = sums.covered as f64 / (14 * SURVEYS) as f64;
    let whole = sums.whole_covered as f64 / SURVEYS as f64;
    // The bounds are four Monte Carlo standard errors or so of 200 surveys around 0.70 and 0.63.
    assert!(model < without && without < raw, "{model} {without} {raw}");
    assert!((0.64..0.76).contains(&(model / raw)), "{model} {raw}");
    assert!((0.55..0.70).contains(&small), "{small}");
    // Fourteen regions tell the variance between regions badly; were it taken as known, intervals
    // would hold the truth in 91 cases of a hundred.
    assert!((0.935..0.965).contains(&covered), "{covered}");
    assert!((0.90..1.00).contains(&whole), "{whole}");
}

/// Where people differ little, the variance between regions is well known and intervals hold what
/// they promise.
#[test]
fn intervals_cover_where_the_variances_are_known_well() {
    const SURVEYS: usize = 150;
    let sums = surveys(&mut Rng(77), SURVEYS, 2.0);
    let covered = sums.covered as f64 / (14 * SURVEYS) as f64;
    assert!((0.93..0.97).contains(&covered), "{covered}");
}

fn csv(source: &dyn Source) -> String {
    let mut out = Vec::new();
    write_csv(source, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// The survey and the population of the guide are the first that this seed makes.
#[test]
fn files_of_the_guide() {
    let mut rng = Rng(GUIDE);
    let country = Country::new(&mut rng);
    let survey = country.survey(&mut rng, 10.0).source(&country);
    let frame = country.frame().source().unwrap();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guide/data");
    for (name, source) in [("survey.csv", &survey), ("population.csv", &frame)] {
        let made = csv(source);
        let kept = std::fs::read_to_string(folder.join(name)).unwrap_or_default();
        assert!(
            kept.replace("\r\n", "\n") == made,
            "guide/data/{name} is another survey"
        );
    }
}

/// Yes or no instead of a score: the share of yes in every region, by a binomial model.
#[test]
fn shares_of_yes_are_nearer_to_the_truth_too() {
    const SURVEYS: usize = 200;
    let chance = |score: f64| 1.0 / (1.0 + ((52.0 - score) / 5.0).exp());
    let mut rng = Rng(31);
    let (mut raw, mut model, mut covered, mut fits) = (0.0, 0.0, 0, 0.0);
    for _ in 0..SURVEYS {
        let mut country = Country::new(&mut rng);
        country
            .cells
            .iter_mut()
            .for_each(|c| c.truth = chance(c.truth));
        let mut survey = country.survey(&mut rng, 0.0);
        survey.answer = survey
            .truth
            .iter()
            .map(|p| f64::from(u8::from(rng.uniform() < *p)))
            .collect();
        let survey = survey.source(&country);
        let frame = country.frame().source().unwrap();
        let options = PoststratifyOptions::by(["region"])
            .count("people")
            .draws(1000);
        let fit = Model::new(MODEL).family("binomial".parse().unwrap());
        let fit = fit.fit(&survey).unwrap();
        let found = fit.poststratify(&frame, Some(&survey), &options).unwrap();
        assert_eq!(found.draws, Some(1000));
        for region in 0..14 {
            let (row, truth) = (&found.rows[region], country.region(region));
            raw += (row.raw.unwrap() - truth).powi(2);
            model += (row.estimate - truth).powi(2);
            covered += usize::from(row.lower <= truth && truth <= row.upper);
            assert!(0.0 < row.lower && row.upper < 1.0);
        }
        fits += 14.0;
    }
    let ratio = (model / raw).sqrt();
    let covered = covered as f64 / fits;
    assert!((0.60..0.78).contains(&ratio), "{ratio}");
    // With the variance as known, and that by maximum likelihood, they would do so in 87.
    assert!((0.935..0.965).contains(&covered), "{covered}");
}
