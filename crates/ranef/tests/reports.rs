//! Reports: tidy, glance and augment tables, papers, regression tables, `arm::display`. Values are
//! of lme4 1.1-31, lmerTest 3.1-3 and arm 1.13-1 on R 4.2.2 with tight tolerances, printed texts
//! those of arm; the layout of tidy, glance and augment is broom.mixed's.
#![allow(missing_docs)]

use ranef::frame::{ReadOptions, Source, Table as Data, open};
use ranef::{
    Answer, Caption, Fit, Glance, IntervalMethod, Markup, Model, RegressionTable, Scale, Table,
    TidyEffect, TidyOptions, Values, lmer,
};

const SLEEP: &str = "Reaction ~ Days + (Days | Subject)";

fn data(name: &str) -> Box<dyn Source> {
    open(name, &ReadOptions::default()).expect("a built-in data set")
}

fn fit(formula: &str, name: &str) -> Fit {
    lmer(formula, &*data(name)).expect("a fit")
}

fn csv(table: &Table) -> Vec<String> {
    let mut out = Vec::new();
    table.write_csv(&mut out).expect("memory takes it");
    let text = String::from_utf8(out).expect("text");
    text.lines().map(str::to_owned).collect()
}

fn column(table: &Table, name: &str) -> Vec<Option<f64>> {
    let found = table.columns().iter().find(|c| c.name == name);
    match &found.unwrap_or_else(|| panic!("column {name}")).values {
        Values::Numbers(numbers) => numbers.clone(),
        Values::Texts(_) => panic!("{name} is text"),
    }
}

fn numbers(table: &Table, name: &str) -> Vec<f64> {
    let cells = column(table, name);
    cells.into_iter().map(|x| x.expect("a number")).collect()
}

#[track_caller]
fn close(ours: f64, theirs: f64, tolerance: f64) {
    assert!(
        (ours - theirs).abs() <= tolerance * theirs.abs().max(1e-3),
        "{ours} against {theirs}"
    );
}

/// The data of the weighted model below: sleepstudy with weights Days + 1 and offsets 2 Days.
fn weighted() -> ranef::frame::MemorySource {
    let source = data("sleepstudy");
    let rows = lmer(SLEEP, &*source)
        .expect("a fit")
        .augment(&*source)
        .expect("rows");
    let table = rows.table();
    let days = numbers(&table, "Days");
    let subject = match &table.columns()[2].values {
        Values::Texts(texts) => texts.clone(),
        Values::Numbers(_) => panic!("Subject is text"),
    };
    Data::new()
        .number("Reaction", numbers(&table, "Reaction"))
        .number("Days", days.clone())
        .text_or_missing("Subject", subject)
        .number("w", days.iter().map(|d| d + 1.0))
        .number("o", days.iter().map(|d| 2.0 * d))
        .source()
        .expect("columns")
}

#[test]
fn tidy_has_the_columns_of_broom() {
    let fit = fit(SLEEP, "sleepstudy");
    let tidy = fit.tidy(&TidyOptions::default()).expect("rows");
    let lines = csv(&tidy.table());
    assert_eq!(
        lines[0],
        "effect,group,term,estimate,std.error,statistic,df,p.value"
    );
    let starts: Vec<String> = lines[1..]
        .iter()
        .map(|l| l.splitn(4, ',').take(3).collect::<Vec<_>>().join(","))
        .collect();
    assert_eq!(
        starts,
        [
            "fixed,,(Intercept)",
            "fixed,,Days",
            "ran_pars,Subject,sd__(Intercept)",
            "ran_pars,Subject,cor__(Intercept).Days",
            "ran_pars,Subject,sd__Days",
            "ran_pars,Residual,sd__Observation",
        ]
    );
    let estimates = numbers(&tidy.table(), "estimate");
    for (ours, theirs) in estimates.iter().zip([
        251.405104848,
        10.467285960,
        24.740657,
        0.065551,
        5.922138,
        25.591796,
    ]) {
        close(*ours, theirs, 2e-4);
    }
    // The same names in JSON.
    let json = serde_json::to_value(&tidy).expect("JSON");
    let first = &json["rows"][0];
    assert_eq!(first["effect"], "fixed");
    assert!(first["group"].is_null());
    assert!(
        first["std.error"].is_f64() && first["p.value"].is_f64(),
        "{first}"
    );
}

#[test]
fn tidy_scales_and_intervals() {
    let fit = fit(SLEEP, "sleepstudy");
    let tidy = fit
        .tidy(&TidyOptions {
            effects: vec![TidyEffect::RanPars],
            scale: Scale::Vcov,
            interval: None,
        })
        .expect("rows");
    let table = tidy.table();
    assert_eq!(csv(&table)[0], "effect,group,term,estimate");
    let terms: Vec<&str> = tidy.rows.iter().map(|r| r.term.as_str()).collect();
    assert_eq!(
        terms,
        [
            "var__(Intercept)",
            "cov__(Intercept).Days",
            "var__Days",
            "var__Observation"
        ]
    );
    for (ours, theirs) in numbers(&table, "estimate")
        .iter()
        .zip([612.100158, 9.604409, 35.071714, 654.940008])
    {
        close(*ours, theirs, 2e-4);
    }
    let tidy = fit
        .tidy(&TidyOptions {
            effects: vec![TidyEffect::Fixed, TidyEffect::RanVals],
            interval: Some((IntervalMethod::Wald, 0.95)),
            ..TidyOptions::default()
        })
        .expect("rows");
    assert_eq!(
        csv(&tidy.table())[0],
        "effect,group,level,term,estimate,std.error,statistic,df,p.value,conf.low,conf.high"
    );
    // qt(0.975, 17) = 2.109816, qnorm(0.975) = 1.959964
    let days = &tidy.rows[1];
    close(
        days.conf_low.unwrap(),
        10.467286 - 2.109816 * 1.545789,
        1e-5,
    );
    let first = &tidy.rows[2];
    assert_eq!(
        (first.group.as_deref(), first.level.as_deref()),
        (Some("Subject"), Some("308"))
    );
    close(first.estimate.unwrap(), 2.2585655, 1e-3);
    close(first.std_error.unwrap(), 12.07083651, 1e-4);
    close(
        first.conf_high.unwrap(),
        2.2585655 + 1.959964 * 12.07083651,
        1e-4,
    );
    let coefs = fit
        .tidy(&TidyOptions {
            effects: vec![TidyEffect::RanCoefs],
            ..TidyOptions::default()
        })
        .expect("rows");
    assert_eq!(csv(&coefs.table())[0], "effect,group,level,term,estimate");
    close(coefs.rows[0].estimate.unwrap(), 253.66367, 1e-5);
    close(coefs.rows[1].estimate.unwrap(), 19.6662579, 1e-4);
}

#[test]
fn tidy_takes_the_intervals_of_confint() {
    let fit = fit(SLEEP, "sleepstudy");
    let profiled = |scale| {
        fit.tidy(&TidyOptions {
            scale,
            interval: Some((IntervalMethod::Profile, 0.95)),
            ..TidyOptions::default()
        })
        .expect("rows")
    };
    // METHODS C11: lme4's profiles.
    let tidy = profiled(Scale::Sdcor);
    for (row, [low, high]) in tidy.rows.iter().zip([
        [237.6807, 265.1295],
        [7.3587, 13.5759],
        [14.3815, 37.7160],
        [-0.4815, 0.6850],
        [3.8012, 8.7534],
        [22.8983, 28.8580],
    ]) {
        close(row.conf_low.unwrap(), low, 1e-3);
        close(row.conf_high.unwrap(), high, 1e-3);
    }
    let tidy = profiled(Scale::Vcov);
    close(tidy.rows[2].conf_high.unwrap(), 37.7160 * 37.7160, 1e-3);
    assert_eq!(tidy.rows[3].conf_low, None);
}

#[test]
fn tidy_of_split_terms_and_of_z_tests() {
    let source = data("sleepstudy");
    let fit = Model::new("Reaction ~ Days + (Days || Subject)")
        .df(ranef::DfMethod::None)
        .fit(&*source)
        .expect("a fit");
    let tidy = fit.tidy(&TidyOptions::default()).expect("rows");
    assert_eq!(
        csv(&tidy.table())[0],
        "effect,group,term,estimate,std.error,statistic,p.value"
    );
    let groups: Vec<_> = tidy
        .rows
        .iter()
        .filter_map(|r| r.group.as_deref())
        .collect();
    assert_eq!(groups, ["Subject", "Subject.1", "Residual"]);
    let plain = lmer("Reaction ~ Days", &*source).expect("a fit");
    let tidy = plain
        .tidy(&TidyOptions {
            effects: vec![TidyEffect::Fixed],
            ..TidyOptions::default()
        })
        .expect("rows");
    assert_eq!(
        csv(&tidy.table())[0],
        "effect,term,estimate,std.error,statistic,df,p.value"
    );
}

#[test]
fn a_correlation_without_variance_is_unknown() {
    // Dyestuff2 has no variance between batches; x is noise.
    let source = data("Dyestuff2");
    let fit = lmer("Yield ~ 1 + (1 | Batch)", &*source).expect("a fit");
    let tidy = fit.tidy(&TidyOptions::default()).expect("rows");
    let sd = tidy
        .rows
        .iter()
        .find(|r| r.term == "sd__(Intercept)")
        .unwrap();
    assert_eq!(sd.estimate, Some(0.0));
    assert!(!tidy.to_string().contains("NaN"));
}

#[test]
fn glance_is_one_row_a_model() {
    let source = data("sleepstudy");
    let reml = lmer(SLEEP, &*source).expect("a fit");
    assert_eq!(
        csv(&reml.glance().table())[0],
        "nobs,sigma,logLik,AIC,BIC,REMLcrit,df.residual"
    );
    let row = &reml.glance().rows[0];
    close(row.reml_criterion.unwrap(), 1743.62827196, 1e-9);
    close(row.aic, 1755.62827196, 1e-9);
    close(row.bic, 1774.78601307, 1e-9);
    assert_eq!((row.nobs, row.df_residual, row.deviance), (180, 174, None));
    let ml = Model::new(SLEEP).reml(false).fit(&*source).expect("a fit");
    assert_eq!(
        csv(&ml.glance().table())[0],
        "nobs,sigma,logLik,AIC,BIC,deviance,df.residual"
    );
    let both = Glance::of([("a", &reml), ("b", &ml)]);
    let lines = csv(&both.table());
    assert_eq!(
        lines[0],
        "model,nobs,sigma,logLik,AIC,BIC,REMLcrit,deviance,df.residual"
    );
    assert_eq!(lines.len(), 3);
    let json = serde_json::to_value(&both).expect("JSON");
    assert_eq!(json["rows"][1]["model"], "b");
    assert!(json["rows"][1]["REMLcrit"].is_null());
}

const AUGMENTED: [&str; 11] = [
    ".fitted", ".resid", ".hat", ".cooksd", ".fixed", ".mu", ".offset", ".sqrtXwt", ".sqrtrwt",
    ".weights", ".wtres",
];

#[test]
fn augment_has_the_values_of_lme4() {
    let source = data("sleepstudy");
    let fit = lmer(SLEEP, &*source).expect("a fit");
    let table = fit.augment(&*source).expect("rows").table();
    let names: Vec<&str> = table.columns().iter().map(|c| c.name.as_str()).collect();
    let wanted: Vec<&str> = ["Reaction", "Days", "Subject"]
        .into_iter()
        .chain(AUGMENTED)
        .collect();
    assert_eq!(names, wanted);
    assert_eq!(table.rows(), 180);
    // Row, fitted, residual, leverage, Cook's distance, fixed.
    for (row, theirs) in [
        (
            0,
            [
                253.663670349,
                -4.10367034908,
                0.229302994840,
                0.00496312388242,
                251.405104848,
            ],
        ),
        (
            179,
            [
                369.481485545,
                -5.35788554546,
                0.293176981290,
                0.01286065721039,
                345.610678485,
            ],
        ),
    ] {
        for (name, value) in [".fitted", ".resid", ".hat", ".cooksd", ".fixed"]
            .iter()
            .zip(theirs)
        {
            close(numbers(&table, name)[row], value, 1e-5);
        }
    }
    close(numbers(&table, ".hat").iter().sum(), 29.0220668904, 1e-6);
    close(numbers(&table, ".cooksd").iter().sum(), 20.0226396336, 1e-5);
    assert_eq!(numbers(&table, ".mu"), numbers(&table, ".fitted"));
}

#[test]
fn augment_weighs_and_offsets() {
    let source = weighted();
    let fit = Model::new("Reaction ~ Days + (1 | Subject) + (0 + Days | Subject)")
        .reml(false)
        .weights("w")
        .offset("o")
        .fit(&source)
        .expect("a fit");
    let table = fit.augment(&source).expect("rows").table();
    for (row, theirs) in [
        (
            0,
            [
                257.076762540,
                -7.51676254049,
                0.0666447304746,
                0.000554927917453,
                248.169690505,
                -7.51676254049,
            ],
        ),
        (
            179,
            [
                370.601951499,
                -6.47835149850,
                0.3717030346869,
                0.050733901641186,
                347.228385657,
                -20.48634621843,
            ],
        ),
    ] {
        let names = [".fitted", ".resid", ".hat", ".cooksd", ".fixed", ".wtres"];
        for (name, value) in names.iter().zip(theirs) {
            close(numbers(&table, name)[row], value, 2e-5);
        }
    }
    close(numbers(&table, ".hat").iter().sum(), 26.7492255922, 1e-6);
    close(numbers(&table, ".cooksd").iter().sum(), 25.4078916307, 1e-5);
    assert_eq!(numbers(&table, ".offset")[9], 18.0);
    assert_eq!(numbers(&table, ".weights")[9], 10.0);
    close(numbers(&table, ".sqrtXwt")[9], 10f64.sqrt(), 1e-15);
}

#[test]
fn augment_of_crossed_factors_and_of_the_test_bed() {
    let source = data("Penicillin");
    let fit = lmer("diameter ~ 1 + (1 | plate) + (1 | sample)", &*source).expect("a fit");
    let table = fit.augment(&*source).expect("rows").table();
    close(numbers(&table, ".hat").iter().sum(), 27.472362399520, 1e-6);
    close(numbers(&table, ".cooksd")[0], 1.0343344312769, 1e-5);
    // METHODS C13: the trace of the hat matrix.
    let source = data("sleep_unbal");
    let fit = lmer("Reaction ~ Days*grp + (Days|Subject)", &*source).expect("a fit");
    let table = fit.augment(&*source).expect("rows").table();
    close(numbers(&table, ".hat").iter().sum(), 29.196138, 1e-6);
}

#[test]
fn augment_leaves_out_what_the_model_left_out() {
    let rows = 40;
    let y = (0..rows).map(|i| (i != 7).then_some((i * 7 % 11) as f64 + (i / 8) as f64));
    let source = Data::new()
        .number("y", y)
        .number("x", (0..rows).map(|i| (i % 5) as f64))
        .number(".fitted", (0..rows).map(|_| -1.0))
        .text("note", (0..rows).map(|i| format!("n{i}")))
        .text("g", (0..rows).map(|i| format!("g{}", i / 8)))
        .source()
        .expect("columns");
    let fit = lmer("y ~ x + (1 | g)", &source).expect("a fit");
    let table = fit.augment(&source).expect("rows").table();
    assert_eq!(table.rows(), rows - 1);
    let names: Vec<&str> = table.columns().iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names[..4], ["y", "x", "note", "g"]);
    assert_eq!(names[4..], AUGMENTED);
    let Values::Texts(notes) = &table.columns()[2].values else {
        panic!("text");
    };
    assert_eq!(notes[7].as_deref(), Some("n8"));
    let fitted = fit.fitted(&source).expect("values");
    assert_eq!(numbers(&table, ".fitted"), fitted);
}

#[test]
fn a_loaded_fit_augments_and_needs_rows_to_refit() {
    let source = data("sleepstudy");
    let fit = lmer(SLEEP, &*source).expect("a fit");
    let folder = std::env::temp_dir().join(format!("ranef-reports-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join("model.json");
    fit.save(&path).expect("saved");
    let loaded = Fit::load(&path).expect("loaded");
    std::fs::remove_dir_all(&folder).expect("gone");
    // What leverages need was small enough to be saved.
    assert!(loaded.augment(&*source).is_ok());
    assert_eq!(loaded.arm_display().unwrap_err().code(), "needs_rows");
    let again = loaded.with_rows(&*source).expect("rows");
    let (a, b) = (again.augment(&*source), fit.augment(&*source));
    let hats =
        |x: Result<ranef::Augmented, ranef::Error>| numbers(&x.expect("rows").table(), ".hat");
    for (a, b) in hats(a).iter().zip(hats(b)) {
        close(*a, b, 1e-9);
    }
}

#[test]
fn tables_become_sources() {
    let fit = fit(SLEEP, "sleepstudy");
    let source = fit
        .tidy(&TidyOptions::default())
        .expect("rows")
        .table()
        .source()
        .expect("a source");
    assert_eq!(source.rows(), Some(6));
    assert_eq!(source.columns()[4].name, "std.error");
}

#[test]
fn display_is_that_of_arm() {
    let source = data("sleepstudy");
    let mut fit = lmer(SLEEP, &*source).expect("a fit");
    fit.remember_origin(ranef::Origin::new("sleepstudy", &ReadOptions::default()));
    let text = fit.arm_display().expect("a refit").to_string();
    assert_eq!(
        text,
        "lme4::lmer(formula = Reaction ~ Days + (Days | Subject), data = sleepstudy)
            coef.est coef.se
(Intercept) 251.41     6.82 
Days         10.47     1.55 

Error terms:
 Groups   Name        Std.Dev. Corr 
 Subject  (Intercept) 24.74         
          Days         5.92    0.07 
 Residual             25.59         
---
number of obs: 180, groups: Subject, 18
AIC = 1755.6, DIC = 1760.3
deviance = 1751.9 
"
    );
    let fit = self::fit("distance ~ age + (age | Subject)", "Orthodont");
    let mut display = fit.arm_display().expect("a refit");
    display.detail = true;
    assert_eq!(
        display.to_string(),
        "lme4::lmer(formula = distance ~ age + (age | Subject), data = data)
            coef.est coef.se t value
(Intercept) 16.76     0.78   21.62  
age          0.66     0.07    9.27  

Error terms:
 Groups   Name        Std.Dev. Corr  
 Subject  (Intercept) 2.33           
          age         0.23     -0.61 
 Residual             1.31           
---
number of obs: 108, groups: Subject, 27
AIC = 454.6, DIC = 435.8
deviance = 439.2 
"
    );
    let fit = self::fit("yield ~ nitro + (1 | Block/Variety)", "Oats");
    let mut display = fit.arm_display().expect("a refit");
    display.digits = 3;
    assert!(
        display.to_string().ends_with(
            "
Error terms:
 Groups        Name        Std.Dev.
 Variety:Block (Intercept) 11.005  
 Block         (Intercept) 14.506  
 Residual                  12.867  
---
number of obs: 72, groups: Variety:Block, 18; Block, 6
AIC = 603, DIC = 615.4
deviance = 604.2 
"
        ),
        "{display}"
    );
    // By maximum likelihood D̂ is the deviance itself.
    let ml = Model::new(SLEEP).reml(false).fit(&*source).expect("a fit");
    let display = ml.arm_display().expect("no refit");
    close(display.dic(), 1751.939344, 1e-8);
}

#[test]
fn papers_say_what_the_fit_says() {
    let fit = fit(SLEEP, "sleepstudy");
    let markdown = fit.paper(Markup::Markdown).to_string();
    for line in [
        "Formula: `Reaction ~ Days + (Days | Subject)`",
        "| Predictor | *b* | *SE* | 95% CI | *t* | *df* | *p* |",
        "| Days | 10.47 | 1.55 | \\[7.21, 13.73\\] | 6.77 | 17 | \\< .001 |",
        "|  | Days | 35.07 | 5.92 | .07 |",
    ] {
        assert!(markdown.lines().any(|l| l == line), "{line}\n{markdown}");
    }
    let latex = fit.paper(Markup::Latex).to_string();
    assert!(
        latex.contains(
            "Days & 10.47 & 1.55 & {[}7.21, 13.73{]} & 6.77 & 17 & \\textless{} .001 \\\\"
        )
    );
    assert_eq!(latex.matches("\\begin{table}").count(), 2);
    let html = fit.paper(Markup::Html).to_string();
    assert!(html.starts_with("<!DOCTYPE html>") && html.ends_with("</html>\n"));
    assert!(html.contains("<th scope=\"row\" class=\"text\">Days</th><td>10.47</td>"));
    let apa = fit.apa().to_string();
    assert!(
        apa.contains("- Days: *b* = 10.47, *SE* = 1.55, 95% CI \\[7.21, 13.73\\], *t*(17) = 6.77, *p* \\< .001."),
        "{apa}"
    );
    assert!(apa.contains("*SD* = 24.74 of (Intercept) and 5.92 of Days, *r* = .07."));
}

#[test]
fn aliased_coefficients_are_named_everywhere() {
    let source = Data::new()
        .number("y", (0..60).map(|i| (i * 7 % 11) as f64 + (i / 6) as f64))
        .number("x", (0..60).map(|i| (i % 6) as f64))
        .number("x2", (0..60).map(|i| 2.0 * (i % 6) as f64))
        .text("g", (0..60).map(|i| format!("g{}", i / 6)))
        .source()
        .expect("columns");
    let fit = lmer("y ~ x + x2 + (1 | g)", &source).expect("a fit");
    assert!(fit.apa().to_string().contains("- x2: not estimated"));
    let table = RegressionTable::of([("m", &fit)]);
    assert!(table.to_string().contains("not estimated"));
    let row = table.rows.iter().find(|r| r.term == "x2").unwrap();
    assert_eq!(row.cells[0].unwrap().estimate, None);
    let tidy = fit.tidy(&TidyOptions::default()).expect("rows");
    assert_eq!(tidy.rows[2].estimate, None);
    let display = fit.arm_display().expect("a refit").to_string();
    assert!(
        !display.lines().any(|line| line.starts_with("x2 ")),
        "{display}"
    );
}

#[test]
fn models_stand_side_by_side() {
    let source = data("sleepstudy");
    let slopes = lmer(SLEEP, &*source).expect("a fit");
    let levels = lmer("Reaction ~ Days + (1 | Subject)", &*source).expect("a fit");
    let table = RegressionTable::of([("slopes", &slopes), ("levels_1", &levels)]);
    let terms: Vec<&str> = table.rows.iter().map(|r| r.term.as_str()).collect();
    assert_eq!(
        terms,
        [
            "(Intercept)",
            "Days",
            "σ²",
            "τ₀₀ Subject",
            "τ₁₁ Subject.Days",
            "ρ₀₁ Subject",
            "N Subject",
            "ICC",
            "Marginal R²",
            "Conditional R²",
            "Observations",
            "AIC",
            "BIC",
            "Log-likelihood",
        ]
    );
    let slope_variance = &table.rows[4];
    close(
        slope_variance.cells[0].unwrap().estimate.unwrap(),
        35.071714,
        2e-4,
    );
    assert_eq!(slope_variance.cells[1], None);
    let html = table.markup(Markup::Html);
    assert!(
        html.contains("<th scope=\"colgroup\" class=\"span\" colspan=\"3\">levels_1</th>"),
        "{html}"
    );
    let latex = table.markup(Markup::Latex);
    assert!(latex.contains("\\multicolumn{3}{c}{levels\\_1}"), "{latex}");
    assert!(
        latex.contains("$\\tau$\\textsubscript{0}\\textsubscript{0} Subject"),
        "{latex}"
    );
    let markdown = table.markup(Markup::Markdown);
    assert!(markdown.contains("| slopes: Estimate |"), "{markdown}");
    let tidy = csv(&table.table());
    assert_eq!(
        tidy[0],
        "part,term,model,estimate,std_error,lower,upper,p_value"
    );
    assert_eq!(tidy.len(), 1 + 2 * 14 - 2);
    // performance 0.10.2: METHODS C5 and D4.
    for (row, value) in table.rows[7..10].iter().zip([0.722, 0.279, 0.799]) {
        let share = row.cells[0].unwrap().estimate.unwrap();
        assert!((share - value).abs() < 5e-4, "{}: {share}", row.term);
    }
}

#[test]
fn every_answer_can_be_set() {
    let effects = fit(SLEEP, "sleepstudy").effects(0.9);
    let caption = Caption::default();
    let markdown = effects.table().markup(Markup::Markdown, &caption);
    assert!(
        markdown.starts_with("| Group | Level | Term | Estimate |"),
        "{markdown}"
    );
    assert_eq!(markdown.lines().count(), 2 + 36);
}

#[test]
fn the_table_of_random_effects_fits_narrow_pages() {
    let source = Data::new()
        .number(
            "score",
            (0..240).map(|i| ((i * 37) % 101) as f64 + (i / 12) as f64),
        )
        .number(
            "a_rather_long_predictor_name",
            (0..240).map(|i| ((i * 5) % 13) as f64),
        )
        .number(
            "another_one_that_is_long",
            (0..240).map(|i| ((i * 11) % 17) as f64),
        )
        .text(
            "school_identifier",
            (0..240).map(|i| format!("s{:02}", i / 12)),
        )
        .source()
        .expect("columns");
    let formula = "score ~ a_rather_long_predictor_name + (a_rather_long_predictor_name + \
                   another_one_that_is_long | school_identifier)";
    let fit = lmer(formula, &source).expect("a fit");
    for columns in [40, 50, 60] {
        let text = fit.summary().columns(columns).to_string();
        let start = text.find("Random effects:").expect("the table");
        let end = text.find("Number of obs").expect("its end");
        for line in text[start..end].lines() {
            assert!(line.chars().count() <= columns, "{columns}: {line}\n{text}");
        }
        let block = &fit.varcorr()[0];
        for name in &block.terms {
            assert!(text[start..end].contains(name.as_str()), "{name}\n{text}");
        }
        let r = block.corr[2][1].expect("a correlation");
        assert!(text[start..end].contains(&format!("{r:.2}")), "{text}");
    }
    // A wide page keeps lme4's form.
    let wide = fit.summary().columns(100).to_string();
    assert!(wide.contains(" school_identifier (Intercept) "), "{wide}");
}
