//! Every message, as the person reads it: what is wrong, where, and the way out.

mod common;

use common::{Data, Table, numbers, small, text, try_rows, try_survey};
use ranef_design::{DesignError, Expect, Options, Parts, survey};
use ranef_formula::Formula;
use ranef_frame::{Batches, FrameError, Source};

fn fails(formula: &str, table: &Table, options: &Options) -> DesignError {
    match try_survey(formula, table, options) {
        Err(error) => error,
        Ok(survey) => match try_rows(&survey.recipe, table, Parts::ALL) {
            Err(error) => error,
            Ok(_) => panic!("{formula} is fine"),
        },
    }
}

/// Checks code, message, hint, and the text that the caret stands under.
#[track_caller]
fn expect(formula: &str, table: &Table, code: &str, message: &str, hint: &str, place: &str) {
    let error = fails(formula, table, &Options::default());
    assert_eq!(error.code(), code);
    assert_eq!(error.to_string(), message);
    assert_eq!(error.hint().unwrap_or_default(), hint);
    let marked = error
        .span()
        .map_or("", |span| &formula[span.start..span.end]);
    assert_eq!(marked, place);
}

#[test]
fn names_that_are_not_there() {
    let t = small();
    expect(
        "y ~ xx + x",
        &Table::new(vec![("y", numbers(&[1.0])), ("weight", numbers(&[1.0]))]),
        "unknown_column",
        "there is no column `xx`",
        "the columns are `y`, `weight`",
        "xx",
    );
    expect(
        "y ~ log(idd) + (1 | g)",
        &t,
        "unknown_column",
        "there is no column `idd`",
        "did you mean `id`?",
        "idd",
    );
    expect(
        "y ~ lgo(x) + (1 | g)",
        &t,
        "unknown_function",
        "there is no function `lgo()`",
        "did you mean `log()`?",
        "lgo(x)",
    );
    expect(
        "y ~ wibble(x)",
        &t,
        "unknown_function",
        "there is no function `wibble()`",
        "compute the column in the data and use its name",
        "wibble(x)",
    );
}

#[test]
fn arguments_that_do_not_fit() {
    let t = small();
    expect(
        "y ~ log(x, 2, 3)",
        &t,
        "arguments",
        "`log()` takes at most 2 arguments",
        "its arguments are log(x, base)",
        "log(x, 2, 3)",
    );
    expect(
        "y ~ poly(x, df = 2)",
        &t,
        "arguments",
        "`poly()` has no argument `df`",
        "its arguments are poly(x, degree, raw)",
        "poly(x, df = 2)",
    );
    expect(
        "y ~ poly(x, 1.5)",
        &t,
        "arguments",
        "`degree` of `poly()` must be a whole number from 1 on, not `1.5`",
        "",
        "1.5",
    );
    expect(
        "y ~ ns(x, 3, knots = z)",
        &t,
        "arguments",
        "`knots` of `ns()` must be numbers, not `z`",
        "",
        "z",
    );
    expect(
        "y ~ bs(x, 2)",
        &t,
        "arguments",
        "`df` must be at least 3, not 2",
        "its arguments are bs(x, df, knots, degree, intercept, Boundary.knots)",
        "bs(x, 2)",
    );
    expect(
        "y ~ C(f, dummy)",
        &t,
        "arguments",
        "there is no contrast `dummy`",
        "the contrasts are treatment, sum, helmert and poly",
        "dummy",
    );
    expect(
        "y ~ log(poly(x, 2))",
        &t,
        "arguments",
        "`poly(x, 2)` has 2 columns, but `log(poly(x, 2))` needs one",
        "use `poly(x, 2)` as a term of its own",
        "poly(x, 2)",
    );
    expect(
        "y ~ poly(x, 14)",
        &t,
        "cannot_learn",
        "`poly(x, 14)` needs more than 14 different values, but there are 14",
        "lower the degree",
        "poly(x, 14)",
    );
    expect(
        "y ~ relevel(f, \"d\")",
        &t,
        "cannot_learn",
        "`relevel(f, \"d\")`: there is no level \"d\"",
        "its levels are \"a\", \"b\", \"c\"",
        "relevel(f, \"d\")",
    );
}

#[test]
fn text_where_numbers_are_needed() {
    let t = small().replace(
        "x",
        text(&[
            "1", "2.5", "0.5", "4", "n/a", "6", "7.5", "2", "8", "5", "9.5", "6.5", "4.5", "3.5",
        ]),
    );
    expect(
        "y ~ log(x)",
        &t,
        "text_not_number",
        "`log(x)` needs numbers, but `x` is text: row 5 holds \"n/a\"",
        "if \"n/a\" stands for a missing value, say so with `--na \"n/a\"`; if the column holds categories, use its name alone",
        "x",
    );
    expect(
        "x ~ z",
        &t,
        "response_not_numeric",
        "the response `x` is text: row 5 holds \"n/a\"",
        "a response is a column of numbers; if \"n/a\" stands for a missing value, say so with `--na \"n/a\"`",
        "x",
    );
    expect(
        "y ~ sqrt(factor(id))",
        &small(),
        "category_not_number",
        "`sqrt(factor(id))` needs numbers, but `factor(id)` is categorical",
        "use the categorical variable as a term of its own",
        "factor(id)",
    );
}

#[test]
fn numbers_that_are_not_finite() {
    expect(
        "y ~ log(z)",
        &small(),
        "not_finite",
        "`log(z)` is not a number in row 2, where `z` is -1.3",
        "leave the row out, or transform the column so that every row has a number",
        "log(z)",
    );
    expect(
        "y ~ I(1/z)",
        &small(),
        "not_finite",
        "`I(1/z)` is infinite in row 7, where `z` is 0",
        "leave the row out, or transform the column so that every row has a number",
        "I(1/z)",
    );
    let mut x = [1.0; 14];
    x[3] = f64::NEG_INFINITY;
    let t = small().replace("x", numbers(&x)).batches_of(3);
    expect(
        "y ~ x",
        &t,
        "not_finite",
        "column `x` is minus infinity in row 4",
        "correct the value, or leave the cell empty to count it as missing",
        "",
    );
    expect(
        "y ~ scale(x)",
        &small().replace("x", numbers(&[2.0; 14])),
        "cannot_learn",
        "`scale(x)` divides by zero: the variable is the same in every row",
        "leave it out, or use center() instead of scale()",
        "scale(x)",
    );
}

#[test]
fn nothing_to_estimate() {
    let t = small();
    expect(
        "y ~ x + f",
        &t.replace("f", text(&["a"; 14])),
        "one_level_factor",
        "`f` is \"a\" in every row used, so it cannot have an effect",
        "leave `f` out of the formula",
        "f",
    );
    expect(
        "y ~ x + (1 | g)",
        &t.replace("g", text(&["u"; 14])),
        "one_level_group",
        "the grouping factor `g` has one level, \"u\": grouping factors must have > 1 sampled level",
        "with one group there is no variation between groups: leave the `| g` term out",
        "(1 | g)",
    );
    expect(
        "y ~ x",
        &t.replace("y", numbers(&[3.0; 14])),
        "constant_response",
        "the response `y` is 3 in every row: there is nothing to explain",
        "look whether this is the right column, and whether rows were chosen by its values",
        "y",
    );
    expect(
        "y ~ x",
        &t.select(&[]),
        "empty_data",
        "the data have no rows",
        "",
        "",
    );
    let missing = t.replace("x", Data::Numbers(vec![None; 14]));
    expect(
        "y ~ x + f",
        &missing,
        "no_rows_left",
        "no rows are left: each of the 14 rows misses a value that the model needs",
        "`x` misses 14",
        "",
    );
}

#[test]
fn weights_are_positive_numbers() {
    let weights = |x: Data| {
        let options = Options {
            weights: Some("z".into()),
            ..Options::default()
        };
        fails("y ~ x", &small().replace("z", x), &options)
    };
    let mut w = [1.0; 14];
    w[9] = -2.0;
    assert_eq!(
        weights(numbers(&w)).to_string(),
        "the weight `z` is -2 in row 10, but weights must be positive"
    );
    w[9] = 0.0;
    assert_eq!(weights(numbers(&w)).code(), "bad_weight");
    assert_eq!(
        weights(text(&["heavy"; 14])).to_string(),
        "the weight `z` needs numbers, but `z` is text: row 1 holds \"heavy\""
    );
}

#[test]
fn responses_of_binary_models() {
    let options = Options {
        response: Expect::Binary,
        ..Options::default()
    };
    let error = fails("f ~ x", &small(), &options);
    assert_eq!(
        error.to_string(),
        "the response `f` has 3 levels, but two are needed: failure and success"
    );
    assert_eq!(
        error.hint().unwrap(),
        "the levels are \"a\", \"b\", \"c\"; `f == \"a\"` makes two of them, and ordered levels are \
         the response of `--family ordinal`"
    );
    let error = fails("cbind(x, z) ~ 1", &small(), &options);
    assert_eq!(
        error.to_string(),
        "`cbind(x, z)` is -1.3 in row 2, but counts cannot be negative"
    );
}

#[test]
fn new_levels_of_fixed_factors() {
    let recipe = common::surveyed("y ~ x + f + (1 | g)", &small()).recipe;
    let mut f = ["a"; 14];
    f[5] = "d";
    let error = try_rows(
        &recipe,
        &small().replace("f", text(&f)).batches_of(4),
        Parts::FIXED,
    )
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "`f` is \"d\" in row 6, a level that the model was not fitted with"
    );
    assert_eq!(
        error.hint().unwrap(),
        "the known levels are \"a\", \"b\", \"c\""
    );
    assert_eq!(error.row(), Some(6));
}

#[test]
fn counts_are_no_numbers() {
    expect(
        "cbind(y, x) ~ z",
        &small(),
        "counts_response",
        "`cbind()` gives successes and failures, the response of a binomial model, but another family was asked for",
        "say `--family binomial`, or use one column as the response",
        "cbind(y, x)",
    );
}

#[test]
fn columns_that_cannot_be_used() {
    /// A table with a column of lists, which a source leaves out.
    struct Lists(Table);
    impl Source for Lists {
        fn columns(&self) -> &[ranef_frame::Column] {
            self.0.columns()
        }
        fn rows(&self) -> Option<usize> {
            self.0.rows()
        }
        fn read(&self, projection: &[usize]) -> Result<Batches<'_>, FrameError> {
            self.0.read(projection)
        }
        fn note(&self, column: &str) -> Option<String> {
            (column == "l").then(|| "column `l` is left out: it holds lists".into())
        }
    }
    let terms = Formula::parse("y ~ l").unwrap().terms(&["y"]).unwrap();
    let error = survey(&terms, &Lists(small()), &Options::default()).unwrap_err();
    assert_eq!(error.code(), "unusable_column");
    assert_eq!(error.column(), Some("l"));
    assert_eq!(error.to_string(), "column `l` is left out: it holds lists");
}
