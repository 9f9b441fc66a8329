//! Lines of groups, observations behind them, standardised coefficients and predictors: values from
//! R and of other answers.

use ranef::frame::{ReadOptions, Source, Table, open};
use ranef::{
    Fit, GroupLinesOptions, Groups, Interval, ObservedColumn, PredictOptions, PredictorKind,
    ResponseScale, glmer, lmer,
};

fn data(name: &str) -> Box<dyn Source> {
    open(name, &ReadOptions::default()).unwrap()
}

fn sleep() -> (Box<dyn Source>, Fit) {
    let data = data("sleepstudy");
    let fit = lmer("Reaction ~ Days + (Days | Subject)", &*data).unwrap();
    (data, fit)
}

#[track_caller]
fn near(got: f64, want: f64, tolerance: f64) {
    assert!(
        (got - want).abs() <= tolerance,
        "{got} is not {want} within {tolerance:e}"
    );
}

#[test]
fn lines_of_sleepstudy_are_those_of_coef_and_lm_list() {
    let (data, fit) = sleep();
    let options = GroupLinesOptions::default().pooling(true);
    let lines = fit.group_lines(&*data, &options).unwrap();
    assert_eq!(
        (lines.x.as_str(), lines.group.as_str()),
        ("Days", "Subject")
    );
    assert!(lines.straight);
    assert_eq!(
        (lines.lines.len(), lines.groups, lines.chosen.clone()),
        (18, 18, None)
    );
    assert_eq!((lines.points.len(), lines.rows), (180, 180));
    // R 4.2.2, lme4 1.1-31: coef(fit)$Subject, lmList, lm.
    let first = &lines.lines[0];
    assert_eq!((first.level.as_str(), first.n), ("308", 10));
    near(first.slope.unwrap(), 19.666261725, 2e-4);
    near(first.estimate[0], 253.6636558, 2e-3);
    assert_eq!(first.x, [0.0, 9.0]);
    let own = first.no_pooling.as_ref().unwrap();
    near(own[0], 244.1926691, 1e-6);
    near(own[1], 244.1926691 + 9.0 * 21.764702424, 1e-6);
    let all = first.complete_pooling.as_ref().unwrap();
    near(all[1], 251.40510485 + 9.0 * 10.46728596, 1e-6);
    let (least, largest) = lines.slopes().unwrap();
    near(least, -0.284879217, 2e-4);
    near(largest, 19.666261725, 2e-4);
    near(lines.population_slope().unwrap(), 10.46728596, 1e-6);
    near(lines.complete_slope().unwrap(), 10.46728596, 1e-6);
    let (first, last) = (lines.population[0], lines.population.last().unwrap());
    assert_eq!((first.x, last.x), (0.0, 9.0));
    // The population at 0 days is the intercept: 251.405 ± t(17) 6.825.
    near(first.lower.unwrap(), 251.4051 - 2.1098 * 6.8246, 1e-2);
}

#[test]
fn with_common_slopes_no_pooling_has_them_in_common() {
    let data = data("sleepstudy");
    let fit = lmer("Reaction ~ Days + (1 | Subject)", &*data).unwrap();
    let options = GroupLinesOptions::default().pooling(true);
    let lines = fit.group_lines(&*data, &options).unwrap();
    // No slope varies: the predictor that varies within groups is found.
    assert_eq!(lines.x, "Days");
    let own = lines.lines[0].no_pooling.as_ref().unwrap();
    // R 4.2.2, lm(Reaction ~ Days + Subject) and lme4 1.1-31 at 0 and 9 days for 308.
    near(own[0], 295.0310432, 1e-6);
    near(own[1], 389.2366168, 1e-6);
    near(lines.lines[0].estimate[0], 292.1888147, 1e-3);
    near(lines.lines[0].estimate[1], 386.3943883, 1e-3);
}

#[test]
fn bands_are_those_of_predict() {
    let (data, fit) = sleep();
    let options = GroupLinesOptions::default().levels(["309"]).bands(true);
    let lines = fit.group_lines(&*data, &options).unwrap();
    let line = &lines.lines[0];
    let at = Table::new()
        .number("Days", line.x.clone())
        .text("Subject", vec!["309"; line.x.len()])
        .source()
        .unwrap();
    let asked = PredictOptions::from(Groups::All).interval(Interval::Confidence);
    let found = fit.predict(&at, asked).unwrap();
    for (i, row) in found.intervals.unwrap().rows.iter().enumerate() {
        let row = row.unwrap();
        near(line.estimate[i], found.fit[i].unwrap(), 1e-8);
        near(line.lower.as_ref().unwrap()[i], row.lower, 1e-8);
        near(line.upper.as_ref().unwrap()[i], row.upper, 1e-8);
    }
    assert_eq!(line.x.len(), 25);
}

#[test]
fn predictors_of_the_group_are_those_of_its_rows() {
    let data = data("Orthodont");
    let fit = lmer("distance ~ age * Sex + (age | Subject)", &*data).unwrap();
    let lines = fit.group_lines(&*data, &Default::default()).unwrap();
    let line = lines.lines.iter().find(|l| l.level == "F01").unwrap();
    // lme4 1.1-31, predict at 8 and 14 years.
    near(line.estimate[0], 20.20973017, 1e-3);
    near(line.estimate[1], 22.81853892, 1e-3);
    assert!(
        lines.notes[0].contains("as they are in its own rows"),
        "{:?}",
        lines.notes
    );
}

#[test]
fn lines_of_a_generalised_model_are_of_the_response() {
    let data = data("VerbAgg");
    let formula = "r2 ~ Anger + Gender + (1 | id) + (1 | item)";
    let fit = glmer(formula, "binomial".parse().unwrap(), &*data).unwrap();
    let options = GroupLinesOptions::default().group("item").points(500);
    let lines = fit.group_lines(&*data, &options).unwrap();
    assert_eq!(lines.scale, Some(ResponseScale::Response));
    let line = lines.lines.iter().find(|l| l.level == "S1DoCurse").unwrap();
    // lme4 1.1-31: b0 + b1 Anger + b2 share of men + the item's effect, by plogis.
    near(line.estimate[0], 0.6535501389, 2e-3);
    near(*line.estimate.last().unwrap(), 0.9040573981, 2e-3);
    near(line.slope.unwrap(), 0.05744505676, 2e-4);
    assert!(line.estimate.len() > 2, "a curve");
    assert_eq!((lines.points.len(), lines.rows), (500, 7584));
    let link = fit
        .group_lines(&*data, &options.scale(ResponseScale::Link))
        .unwrap();
    let same = link.lines.iter().find(|l| l.level == "S1DoCurse").unwrap();
    assert_eq!(same.x, [11.0, 39.0]);
    near(
        (same.estimate[1] - same.estimate[0]) / 28.0,
        line.slope.unwrap(),
        1e-9,
    );
}

#[test]
fn curves_follow_their_formula() {
    let data = data("ChickWeight");
    let fit = lmer("weight ~ poly(Time, 2) + (Time | Chick)", &*data).unwrap();
    let lines = fit.group_lines(&*data, &Default::default()).unwrap();
    assert!(!lines.straight);
    // Against predictions for rows of one chick.
    let line = &lines.lines[3];
    let at = Table::new()
        .number("Time", line.x.clone())
        .text("Chick", vec![line.level.as_str(); line.x.len()])
        .source()
        .unwrap();
    let found = fit.predict(&at, Groups::All).unwrap();
    for (y, want) in line.estimate.iter().zip(&found.fit) {
        near(*y, want.unwrap(), 1e-7);
    }
}

#[test]
fn many_groups_are_chosen_by_their_rows() {
    let data = data("ChickWeight");
    let fit = lmer("weight ~ Time + (Time | Chick)", &*data).unwrap();
    let lines = fit
        .group_lines(&*data, &GroupLinesOptions::default().most(5))
        .unwrap();
    let sizes: Vec<usize> = lines.lines.iter().map(|l| l.n).collect();
    assert_eq!((sizes[0], sizes[4]), (2, 12));
    assert!(sizes.is_sorted());
    assert_eq!(
        lines.chosen.as_deref(),
        Some(
            "5 of 50 levels of Chick, evenly by their number of rows, from the smallest (2) to \
             the largest (12)."
        )
    );
}

#[test]
fn what_has_no_lines_says_what_to_do() {
    let (data, fit) = sleep();
    let fails = |options: GroupLinesOptions| {
        let error = fit.group_lines(&*data, &options).unwrap_err();
        (error.code(), error.hint().unwrap_or_default().to_owned())
    };
    assert_eq!(
        fails(GroupLinesOptions::default().group("Subjet")).0,
        "unknown_group"
    );
    let (code, hint) = fails(GroupLinesOptions::default().x("Day"));
    assert_eq!(
        (code, hint.as_str()),
        ("unknown_predictor", "did you mean `Days`?")
    );
    assert_eq!(
        fails(GroupLinesOptions::default().levels(["400"])).0,
        "unknown_level"
    );
    let batches = crate::data("Dyestuff");
    let none = lmer("Yield ~ 1 + (1 | Batch)", &*batches).unwrap();
    let error = none
        .group_lines(&*batches, &Default::default())
        .unwrap_err();
    assert_eq!(error.code(), "no_slope");
    assert!(error.hint().unwrap().contains("caterpillar"));
}

#[test]
fn simpsons_paradox_has_slopes_of_both_signs() {
    // Within groups y falls by 1 a unit, between them it rises by 2.
    let (mut x, mut y, mut g) = (Vec::new(), Vec::new(), Vec::new());
    for group in 0..8 {
        for i in 0..6 {
            let within = f64::from(i) - 2.5;
            x.push(3.0 * f64::from(group) + within);
            // Errors that know nothing of the trend.
            let error = [1.0, -1.0, 0.0, 0.0, -1.0, 1.0][i as usize];
            let own = 6.0 * f64::from(group) + 0.9 * (f64::from(group * 5 % 8) - 3.5);
            y.push(own - within + 0.1 * error);
            g.push(format!("g{group}"));
        }
    }
    let data = Table::new()
        .number("x", x)
        .number("y", y)
        .text("g", g)
        .source()
        .unwrap();
    let fit = lmer("y ~ x + (1 | g)", &data).unwrap();
    let lines = fit
        .group_lines(&data, &GroupLinesOptions::default().pooling(true))
        .unwrap();
    // lme4 1.1-31 and lm.
    near(lines.slopes().unwrap().1, -0.9998676, 1e-6);
    near(lines.complete_slope().unwrap(), 1.892857, 1e-6);
}

#[test]
fn observations_are_the_rows_that_were_used() {
    let data = Table::new()
        .number("y", [Some(1.0), None, Some(3.0), Some(2.0)])
        .number("x", [1.0, 2.0, 3.0, 5.0])
        .text("g", ["a", "b", "b", "a"])
        .source()
        .unwrap();
    let fit = lmer("y ~ x + (1 | g)", &data);
    let Ok(fit) = fit else { panic!("{fit:?}") };
    let found = fit.observations(&data, &["g", "x"]).unwrap();
    assert_eq!(found.response, [1.0, 3.0, 2.0]);
    let words = ["a", "b", "a"].map(|w| Some(w.to_owned())).to_vec();
    assert_eq!(found.columns[0], ObservedColumn::Texts(words));
    assert_eq!(
        found.columns[1],
        ObservedColumn::Numbers(vec![1.0, 3.0, 5.0])
    );
    assert_eq!(
        fit.observations(&data, &["z"]).unwrap_err().code(),
        "unknown_column"
    );
    // Shares of trials.
    let cattle = crate::data("cbpp");
    let counts = glmer(
        "cbind(incidence, size - incidence) ~ period + (1 | herd)",
        "binomial".parse().unwrap(),
        &*cattle,
    )
    .unwrap();
    let found = counts.observations(&*cattle, &["size"]).unwrap();
    near(found.response[0], 2.0 / 14.0, 1e-15);
}

#[test]
fn standardised_coefficients_are_products() {
    let (_, fit) = sleep();
    let found = fit.standardized(0.95);
    assert_eq!(found.rows.len(), 1);
    // R 4.2.2: fixef(fit)["Days"] * sd(Days) / sd(Reaction), and the same of its standard error.
    near(found.rows[0].estimate.unwrap(), 0.5352302263, 1e-9);
    near(found.rows[0].std_error.unwrap(), 0.07904182078, 1e-5);
    let data = data("VerbAgg");
    let binary = glmer("r2 ~ Anger + (1 | id)", "binomial".parse().unwrap(), &*data).unwrap();
    let found = binary.standardized(0.95);
    assert_eq!(found.response_sd, None);
    let sd = found.rows[0].sd.unwrap();
    near(
        found.rows[0].estimate.unwrap(),
        binary.fixef()[1] * sd,
        1e-12,
    );
}

#[test]
fn predictors_know_their_range_and_partners() {
    let data = data("Orthodont");
    let fit = lmer("distance ~ age * Sex + (1 | Subject)", &*data).unwrap();
    let all = fit.predictors().unwrap();
    let names: Vec<&str> = all.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["age", "Sex"]);
    let PredictorKind::Numbers { min, max, mean, .. } = all[0].values else {
        panic!("{all:?}")
    };
    assert_eq!((min, max, mean), (8.0, 14.0, 11.0));
    assert!(matches!(&all[1].values, PredictorKind::Levels(levels) if levels.len() == 2));
    assert_eq!(fit.interactions(), [("age".to_owned(), "Sex".to_owned())]);
    assert_eq!(
        fit.predictor_range("sex").unwrap_err().code(),
        "unknown_predictor"
    );
}
