//! Wrong formulas: where the caret points, what is said, and what to write instead.

use std::collections::HashSet;

use ranef_formula::{Formula, FormulaErrorKind, Span};

struct Wrong {
    text: &'static str,
    caret: &'static str,
    code: &'static str,
    message: &'static str,
    hint: &'static str,
}

#[test]
fn wrong_formulas() {
    for wrong in WRONG {
        let text = wrong.text;
        let error = Formula::parse(text)
            .and_then(|formula| formula.terms(&["y"]))
            .expect_err(text);
        let caret = error.caret(text);
        let pointer = caret.split_once('\n').map(|(_, pointer)| pointer);
        assert_eq!(pointer, Some(wrong.caret), "{text}");
        assert_eq!(error.code(), wrong.code, "{text}");
        assert_eq!(error.message(), wrong.message, "{text}");
        assert_eq!(error.hint(), Some(wrong.hint), "{text}");
    }
}

/// What only looks wrong.
#[test]
fn right_formulas() {
    for text in [
        "y ~ x + + z",
        "y ~ I(a | b) + ifelse(a | b, 1, 0) + f(a | b)",
        "y ~ `2x`",
        "y ~ T + F",
        "y ~ - 1 + x",
        "~ x",
    ] {
        Formula::parse(text).unwrap_or_else(|e| panic!("{}", e.report(text)));
    }
}

#[test]
fn spans_are_bytes() {
    let error = Formula::parse("größe ~ été + (1 | a + b)").expect_err("a sum of groups");
    assert_eq!(error.span(), Span::new(23, 28));
    let error = Formula::parse("y ~ x +  ").expect_err("an operand is missing");
    assert_eq!(error.span(), Span::new(7, 7));
    assert_eq!(error.kind(), FormulaErrorKind::MissingOperand);
}

#[test]
fn report_has_all_parts() {
    let text = "y ~ x + 1 | g";
    let error = Formula::parse(text).expect_err("a bar without parentheses");
    assert_eq!(error.to_string(), error.message());
    assert_eq!(
        error.report(text),
        "a random term must stand in parentheses\n  \
         y ~ x + 1 | g\n      ^^^^^^^^^\n\
         write `x + (1 | g)`"
    );
}

/// Every hint that quotes a whole replacement quotes one that works.
#[test]
fn hints_can_be_followed() {
    for wrong in WRONG {
        let Some(advice) = wrong.hint.strip_prefix("write `") else {
            continue;
        };
        let Some((advice, _)) = advice.split_once('`') else {
            continue;
        };
        let text = match advice.contains('~') {
            true => advice.to_string(),
            false => format!("y ~ {advice}"),
        };
        Formula::parse(&text).unwrap_or_else(|e| panic!("{}", e.report(&text)));
    }
}

#[test]
fn the_table_knows_every_code() {
    // All but `too_deep`, whose formulas are too long for a table: see properties.rs.
    let codes: HashSet<_> = WRONG.iter().map(|wrong| wrong.code).collect();
    assert_eq!(codes.len(), 24, "{codes:?}");
}

const WRONG: &[Wrong] = &[
    Wrong {
        text: "",
        caret: "^",
        code: "empty_formula",
        message: "the formula is empty",
        hint: "write the response, `~` and the predictors: `y ~ x + (1 | group)`",
    },
    Wrong {
        text: "   ",
        caret: "^^^",
        code: "empty_formula",
        message: "the formula is empty",
        hint: "write the response, `~` and the predictors: `y ~ x + (1 | group)`",
    },
    Wrong {
        text: "y",
        caret: "^",
        code: "missing_tilde",
        message: "there is no `~`",
        hint: "write the response, `~` and the predictors: `y ~ x + (1 | group)`",
    },
    Wrong {
        text: "Reaction Days",
        caret: "         ^^^^",
        code: "missing_operator",
        message: "there is no operator between `Reaction` and `Days`",
        hint: "write the response, `~` and the predictors: `y ~ x`",
    },
    Wrong {
        text: "y ~ x ~ z",
        caret: "      ^",
        code: "second_tilde",
        message: "there is a second `~`",
        hint: "one `~` separates the response from the predictors; join terms with `+`",
    },
    Wrong {
        text: "~ ~ x",
        caret: "  ^",
        code: "second_tilde",
        message: "there is a second `~`",
        hint: "one `~` separates the response from the predictors; join terms with `+`",
    },
    Wrong {
        text: "y ~ ",
        caret: "   ^",
        code: "missing_operand",
        message: "there is nothing right of `~`",
        hint: "write the predictors, or `1` for the mean alone",
    },
    Wrong {
        text: "~",
        caret: " ^",
        code: "missing_operand",
        message: "there is nothing right of `~`",
        hint: "write the predictors, or `1` for the mean alone",
    },
    Wrong {
        text: "y = x + (1|g)",
        caret: "  ^",
        code: "missing_tilde",
        message: "a formula is written with `~`",
        hint: r#"write `y ~ x` for "y depends on x""#,
    },
    Wrong {
        text: "y <- x",
        caret: "  ^^",
        code: "missing_tilde",
        message: "a formula is written with `~`",
        hint: r#"write `y ~ x` for "y depends on x""#,
    },
    Wrong {
        text: "y ~ x + 1 | g",
        caret: "    ^^^^^^^^^",
        code: "bar_without_parentheses",
        message: "a random term must stand in parentheses",
        hint: "write `x + (1 | g)`",
    },
    Wrong {
        text: "y ~ x + z | g",
        caret: "    ^^^^^^^^^",
        code: "bar_without_parentheses",
        message: "a random term must stand in parentheses",
        hint: "write `x + (z | g)`, or `(x + z | g)` if all these effects vary",
    },
    Wrong {
        text: "y ~ x || g",
        caret: "    ^^^^^^",
        code: "bar_without_parentheses",
        message: "a random term must stand in parentheses",
        hint: "write `(x || g)`",
    },
    Wrong {
        text: "y ~ x | g | h",
        caret: "    ^^^^^^^^^",
        code: "misplaced_bar",
        message: "a random term has one bar, and this one has two",
        hint: "give each its own parentheses: `(1 | a) + (1 | b)`",
    },
    Wrong {
        text: "y ~ (1 | g | h)",
        caret: "     ^^^^^",
        code: "misplaced_bar",
        message: "a random term has one bar, and this one has two",
        hint: "give each its own parentheses: `(1 | a) + (1 | b)`",
    },
    Wrong {
        text: "y ~ (1 | (1 | g))",
        caret: "         ^^^^^^^",
        code: "misplaced_bar",
        message: "a random term cannot be a grouping factor",
        hint: "name the column whose levels differ: `(1 | school)`",
    },
    Wrong {
        text: "y ~ (x + (1 | h) | g)",
        caret: "         ^^^^^^^",
        code: "misplaced_bar",
        message: "a random term cannot stand inside another one",
        hint: "add it to the fixed effects: `y ~ x + (1 | h)`",
    },
    Wrong {
        text: "y ~ x * (1 | g)",
        caret: "        ^^^^^^^",
        code: "misplaced_bar",
        message: "a random term cannot be part of an interaction",
        hint: "add it to the fixed effects: `y ~ x + (1 | g)`",
    },
    Wrong {
        text: "y ~ x:(1 | g)",
        caret: "      ^^^^^^^",
        code: "misplaced_bar",
        message: "a random term cannot be part of an interaction",
        hint: "add it to the fixed effects: `y ~ x + (1 | g)`",
    },
    Wrong {
        text: "y ~ (x + (1|g))^2",
        caret: "         ^^^^^",
        code: "misplaced_bar",
        message: "a random term cannot be part of an interaction",
        hint: "add it to the fixed effects: `y ~ x + (1 | g)`",
    },
    Wrong {
        text: "y ~ x - (1 | g)",
        caret: "        ^^^^^^^",
        code: "misplaced_bar",
        message: "a random term cannot be subtracted",
        hint: "leave it out of the formula",
    },
    Wrong {
        text: "y ~ log((1 | g))",
        caret: "    ^^^^^^^^^^^^",
        code: "misplaced_bar",
        message: "a random term cannot be the argument of a function",
        hint: "add it to the fixed effects: `y ~ x + (1 | g)`",
    },
    Wrong {
        text: "y ~ ( | g)",
        caret: "      ^",
        code: "missing_operand",
        message: "there are no effects left of the bar",
        hint: "write `1` for an intercept that varies: `(1 | group)`",
    },
    Wrong {
        text: "y ~ (1 | )",
        caret: "         ^",
        code: "missing_operand",
        message: "there is no grouping factor right of the bar",
        hint: "name the column whose levels differ, as in `(1 | school)`",
    },
    Wrong {
        text: "y ~ (1 || )",
        caret: "          ^",
        code: "missing_operand",
        message: "there is no grouping factor right of the bar",
        hint: "name the column whose levels differ, as in `(1 | school)`",
    },
    Wrong {
        text: "y ~ (|| g)",
        caret: "     ^^",
        code: "missing_operand",
        message: "there are no effects left of the bar",
        hint: "write `1` for an intercept that varies: `(1 | group)`",
    },
    Wrong {
        text: "y ~ | g",
        caret: "    ^",
        code: "missing_operand",
        message: "there are no effects left of the bar",
        hint: "write `1` for an intercept that varies: `(1 | group)`",
    },
    Wrong {
        text: "y ~ (1 | g1 + g2)",
        caret: "         ^^^^^^^",
        code: "bad_group",
        message: "grouping factors cannot be added or subtracted",
        hint: "write one term for each: `(1 | g1) + (1 | g2)`",
    },
    Wrong {
        text: "y ~ (x || g1 + g2 + g3)",
        caret: "          ^^^^^^^^^^^^",
        code: "bad_group",
        message: "grouping factors cannot be added or subtracted",
        hint: "write one term for each: `(x || g1) + (x || g2) + (x || g3)`",
    },
    Wrong {
        text: "y ~ (1 | g1 - g2)",
        caret: "         ^^^^^^^",
        code: "bad_group",
        message: "grouping factors cannot be added or subtracted",
        hint: "write one term for each: `(1 | a) + (1 | b)`",
    },
    Wrong {
        text: "y ~ (1 | 1)",
        caret: "         ^",
        code: "bad_group",
        message: "`1` cannot be a grouping factor",
        hint: "name the column whose levels differ: `(1 | school)`",
    },
    Wrong {
        text: "y ~ (1 | 'g')",
        caret: "         ^^^",
        code: "bad_group",
        message: r#"`"g"` cannot be a grouping factor"#,
        hint: "a column is named without quotes: `g`",
    },
    Wrong {
        text: "y ~ (1 | g^2)",
        caret: "         ^^^",
        code: "bad_group",
        message: "`g^2` cannot be a grouping factor",
        hint: "name the column whose levels differ: `(1 | school)`",
    },
    Wrong {
        text: "y ~ (1 | .)",
        caret: "         ^",
        code: "bad_group",
        message: "`.` cannot be a grouping factor",
        hint: "name the column whose levels differ: `(1 | school)`",
    },
    Wrong {
        text: "y ~ (1 | offset(g))",
        caret: "         ^^^^^^^^^",
        code: "bad_group",
        message: "`offset(g)` cannot be a grouping factor",
        hint: "name the column whose levels differ: `(1 | school)`",
    },
    Wrong {
        text: "y ~ (1 | -g)",
        caret: "         ^^",
        code: "bad_group",
        message: "`-g` cannot be a grouping factor",
        hint: "name the column whose levels differ: `(1 | school)`",
    },
    Wrong {
        text: "y ~ (0 | g)",
        caret: "     ^",
        code: "no_random_effects",
        message: "the random term has no effects",
        hint: "write `(1 | g)` for an intercept that varies, or leave the term out",
    },
    Wrong {
        text: "y ~ (-1 | g)",
        caret: "     ^^",
        code: "no_random_effects",
        message: "the random term has no effects",
        hint: "write `(1 | g)` for an intercept that varies, or leave the term out",
    },
    Wrong {
        text: "y ~ (. | g)",
        caret: "     ^",
        code: "misplaced_dot",
        message: "`.` cannot stand in a random term",
        hint: "write out the columns whose effects vary: `(x + z | group)`",
    },
    Wrong {
        text: "y ~ (x + offset(w) | g)",
        caret: "         ^^^^^^^^^",
        code: "misplaced_offset",
        message: "a random term cannot contain an offset",
        hint: "an offset is added to the fixed effects: `y ~ x + offset(log(n))`",
    },
    Wrong {
        text: "y ~ (1 | a/(b+c))",
        caret: "            ^^^",
        code: "bad_group",
        message: "grouping factors cannot be added or subtracted",
        hint: "write one term for each: `(1 | b) + (1 | c)`",
    },
    Wrong {
        text: "y ~ (1 / g)",
        caret: "     ^",
        code: "not_a_term",
        message: "a number cannot be a factor of a term",
        hint: "for a random intercept write `(1 | g)`; for arithmetic write `I(1/g)`",
    },
    Wrong {
        text: "y ~ (1, g)",
        caret: "      ^",
        code: "bad_argument",
        message: "a comma separates arguments of a function, not terms",
        hint: "terms are joined with `+`, and a random term is written `(1 | group)`",
    },
    Wrong {
        text: "y ~ I(x^2",
        caret: "     ^",
        code: "unbalanced_parenthesis",
        message: "this parenthesis is never closed",
        hint: "add the missing `)`",
    },
    Wrong {
        text: "y ~ I(x^2 + (1 | g)",
        caret: "     ^",
        code: "unbalanced_parenthesis",
        message: "this parenthesis is never closed",
        hint: "add the missing `)`",
    },
    Wrong {
        text: "y ~ (x + (1 | g)",
        caret: "    ^",
        code: "unbalanced_parenthesis",
        message: "this parenthesis is never closed",
        hint: "add the missing `)`",
    },
    Wrong {
        text: "y ~ x)",
        caret: "     ^",
        code: "unbalanced_parenthesis",
        message: "this parenthesis closes nothing",
        hint: "remove it, or add the missing `(`",
    },
    Wrong {
        text: "y ~ (1 | g))",
        caret: "           ^",
        code: "unbalanced_parenthesis",
        message: "this parenthesis closes nothing",
        hint: "remove it, or add the missing `(`",
    },
    Wrong {
        text: "(y ~ x",
        caret: "^",
        code: "unbalanced_parenthesis",
        message: "this parenthesis is not closed before `~`",
        hint: "remove it, or add `)` before `~`",
    },
    Wrong {
        text: "(y ~ x)",
        caret: "^",
        code: "unbalanced_parenthesis",
        message: "this parenthesis is not closed before `~`",
        hint: "remove it, or add `)` before `~`",
    },
    Wrong {
        text: "y ~ ()",
        caret: "    ^^",
        code: "unbalanced_parenthesis",
        message: "there is nothing between the parentheses",
        hint: "remove them, or write a term or `(1 | group)`",
    },
    Wrong {
        text: "y ~ x + ()",
        caret: "        ^^",
        code: "unbalanced_parenthesis",
        message: "there is nothing between the parentheses",
        hint: "remove them, or write a term or `(1 | group)`",
    },
    Wrong {
        text: "y ~ x +",
        caret: "       ^",
        code: "missing_operand",
        message: "there is nothing right of `+`",
        hint: "remove `+`, or write what belongs behind it",
    },
    Wrong {
        text: "y ~ x + * z",
        caret: "        ^",
        code: "missing_operand",
        message: "there is nothing between `+` and `*`",
        hint: "remove one of the two, or write what belongs between them",
    },
    Wrong {
        text: "y ~ * x",
        caret: "    ^",
        code: "missing_operand",
        message: "there is nothing left of `*`",
        hint: "remove `*`, or write what belongs before it",
    },
    Wrong {
        text: "+ ~ x",
        caret: "  ^",
        code: "missing_operand",
        message: "there is nothing between `+` and `~`",
        hint: "remove one of the two, or write what belongs between them",
    },
    Wrong {
        text: "y ~ x + ) ",
        caret: "        ^",
        code: "missing_operand",
        message: "there is nothing right of `+`",
        hint: "remove `+`, or write what belongs behind it",
    },
    Wrong {
        text: "y ~ x z",
        caret: "      ^",
        code: "missing_operator",
        message: "there is no operator between `x` and `z`",
        hint: "write `x + z` for two terms, or `` `x z` `` if this is the name of one column",
    },
    Wrong {
        text: "y ~ x (1 | g)",
        caret: "    ^^^^^^^^^",
        code: "misplaced_bar",
        message: "a random term cannot be the argument of a function",
        hint: "add it: `x + (1 | g)`",
    },
    Wrong {
        text: "y ~ 2x",
        caret: "    ^^",
        code: "bad_number",
        message: "`2x` is neither a number nor a name",
        hint: "if a column has this name, put it in backticks: `` `2x` ``",
    },
    Wrong {
        text: "y ~ 2 x",
        caret: "      ^",
        code: "missing_operator",
        message: "there is no operator between `2` and `x`",
        hint: "for a product write `I(2 * x)`",
    },
    Wrong {
        text: "y ~ 2 * x",
        caret: "    ^",
        code: "not_a_term",
        message: "a number cannot be a factor of a term",
        hint: "for arithmetic write `I(2 * x)`",
    },
    Wrong {
        text: "y ~ x * 2",
        caret: "        ^",
        code: "not_a_term",
        message: "a number cannot be a factor of a term",
        hint: "for arithmetic write `I(x * 2)`",
    },
    Wrong {
        text: "y ~ x/2",
        caret: "      ^",
        code: "not_a_term",
        message: "a number cannot be a factor of a term",
        hint: "for arithmetic write `I(x/2)`",
    },
    Wrong {
        text: "y ~ 2",
        caret: "    ^",
        code: "not_a_term",
        message: "`2` is not a term",
        hint: "the numbers of a formula are `1` (intercept) and `0` (none)",
    },
    Wrong {
        text: "y ~ x + 3",
        caret: "        ^",
        code: "not_a_term",
        message: "`3` is not a term",
        hint: "the numbers of a formula are `1` (intercept) and `0` (none)",
    },
    Wrong {
        text: "y ~ 'x'",
        caret: "    ^^^",
        code: "not_a_term",
        message: r#"`"x"` is not a term"#,
        hint: "a column is named without quotes: `x`",
    },
    Wrong {
        text: "y ~ TRUE",
        caret: "    ^^^^",
        code: "not_a_term",
        message: "`TRUE` is not a term",
        hint: "`1` and `0` switch the intercept; a column named so is written `` `TRUE` ``",
    },
    Wrong {
        text: "y ~ x^y",
        caret: "      ^",
        code: "bad_power",
        message: "the exponent of terms is a whole number of at least 1",
        hint: "`(a + b)^2` gives all two-way interactions; for arithmetic write `I(x^y)`",
    },
    Wrong {
        text: "y ~ (a+b)^0",
        caret: "          ^",
        code: "bad_power",
        message: "the exponent of terms is a whole number of at least 1",
        hint: "`(a + b)^2` gives all two-way interactions; for arithmetic write `I((a + b)^0)`",
    },
    Wrong {
        text: "y ~ (a+b)^1.5",
        caret: "          ^^^",
        code: "bad_power",
        message: "the exponent of terms is a whole number of at least 1",
        hint: "`(a + b)^2` gives all two-way interactions; for arithmetic write `I((a + b)^1.5)`",
    },
    Wrong {
        text: "y ~ x^-1",
        caret: "      ^^",
        code: "bad_power",
        message: "the exponent of terms is a whole number of at least 1",
        hint: "`(a + b)^2` gives all two-way interactions; for arithmetic write `I(x^-1)`",
    },
    Wrong {
        text: "y ~ x^2 + z^(2)",
        caret: "            ^^^",
        code: "bad_power",
        message: "the exponent of terms is a whole number of at least 1",
        hint: "`(a + b)^2` gives all two-way interactions; for arithmetic write `I(z^(2))`",
    },
    Wrong {
        text: "y ~ -a:b",
        caret: "    ^^",
        code: "misplaced_minus",
        message: "a minus removes a term from a sum and cannot be part of a product",
        hint: "to remove a product write `- (a:b)`",
    },
    Wrong {
        text: "y ~ c + -a*b",
        caret: "        ^^",
        code: "misplaced_minus",
        message: "a minus removes a term from a sum and cannot be part of a product",
        hint: "to remove a product write `- (a * b)`; for arithmetic write `I(-a * b)`",
    },
    Wrong {
        text: "y ~ d$x",
        caret: "     ^",
        code: "unsupported_operator",
        message: "`$` has no meaning in a formula",
        hint: "name the column alone: `score`, not `data$score`",
    },
    Wrong {
        text: "d$y ~ x",
        caret: " ^",
        code: "unsupported_operator",
        message: "`$` has no meaning in a formula",
        hint: "name the column alone: `score`, not `data$score`",
    },
    Wrong {
        text: "y ~ x[1]",
        caret: "     ^",
        code: "unsupported_operator",
        message: "`[` has no meaning in a formula",
        hint: "rows are chosen before fitting, and a column is named without brackets",
    },
    Wrong {
        text: "y ~ splines::ns(x, 3)",
        caret: "           ^^",
        code: "unsupported_operator",
        message: "`::` has no meaning in a formula",
        hint: "name the function without its package: `ns(x, 3)`",
    },
    Wrong {
        text: "y ~ a && b",
        caret: "      ^^",
        code: "unsupported_operator",
        message: "`&&` has no meaning in a formula",
        hint: r#"for "and" write `&`"#,
    },
    Wrong {
        text: "y ~ I(a || b)",
        caret: "      ^^^^^^",
        code: "not_arithmetic",
        message: "`||` inside a call compares single values, not columns",
        hint: r#"for "or" write `a | b`; a random term is added: `x + (a || b)`"#,
    },
    Wrong {
        text: "y ~ I(a:b)",
        caret: "      ^^^",
        code: "not_arithmetic",
        message: "`:` has no meaning in arithmetic",
        hint: "`a:b` is an interaction only outside of calls; a factor of all combinations is `interaction(a, b)`",
    },
    Wrong {
        text: "y ~ I(f %in% g)",
        caret: "      ^^^^^^^^",
        code: "not_arithmetic",
        message: "`%in%` has no meaning in arithmetic",
        hint: r#"to pick out levels write `f == "a" | f == "b"`"#,
    },
    Wrong {
        text: "y ~ interaction(a:b)",
        caret: "                ^^^",
        code: "not_arithmetic",
        message: "`:` has no meaning in arithmetic",
        hint: "`a:b` is an interaction only outside of calls; a factor of all combinations is `interaction(a, b)`",
    },
    Wrong {
        text: "a:b ~ x",
        caret: "^^^",
        code: "not_arithmetic",
        message: "`:` has no meaning in arithmetic",
        hint: "interactions stand right of `~`",
    },
    Wrong {
        text: "y | trials(n) ~ x",
        caret: "^^^^^^^^^^^^^",
        code: "misplaced_bar",
        message: "`|` cannot be part of the response",
        hint: "random terms stand right of `~`; successes out of trials are `cbind(successes, trials - successes)`",
    },
    Wrong {
        text: ". ~ x",
        caret: "^",
        code: "misplaced_dot",
        message: "`.` cannot be the response",
        hint: "`.` stands for the other columns as predictors of their own: `y ~ .`",
    },
    Wrong {
        text: "y ~ log(.)",
        caret: "        ^",
        code: "misplaced_dot",
        message: "`.` cannot be part of an expression",
        hint: "`.` stands for the other columns as predictors of their own: `y ~ .`",
    },
    Wrong {
        text: "y ~ .",
        caret: "    ^",
        code: "misplaced_dot",
        message: "`.` stands for the other columns of the data, and there are none",
        hint: "write out the predictors, or `1` for the mean alone",
    },
    Wrong {
        text: "y ~ poly(x, )",
        caret: "            ^",
        code: "bad_argument",
        message: "an argument is missing here",
        hint: "remove the comma, or write the argument",
    },
    Wrong {
        text: "y ~ poly(, 2)",
        caret: "         ^",
        code: "bad_argument",
        message: "an argument is missing here",
        hint: "remove the comma, or write the argument",
    },
    Wrong {
        text: "y ~ poly(x 2)",
        caret: "           ^",
        code: "missing_operator",
        message: "there is no operator between `x` and `2`",
        hint: "separate arguments with a comma",
    },
    Wrong {
        text: "y ~ f(x,, y)",
        caret: "        ^",
        code: "bad_argument",
        message: "an argument is missing here",
        hint: "remove the comma, or write the argument",
    },
    Wrong {
        text: "lmer(y ~ x + (1|g))",
        caret: "^^^^",
        code: "bad_argument",
        message: "give the formula alone, without `lmer( )`",
        hint: "write `y ~ x + (1 | group)`",
    },
    Wrong {
        text: "lmer(y ~ x + (1|g), data = d)",
        caret: "^^^^",
        code: "bad_argument",
        message: "give the formula alone, without `lmer( )`",
        hint: "write `y ~ x + (1 | group)`",
    },
    Wrong {
        text: "y ~ x + (1|g), REML=FALSE",
        caret: "             ^^^^^^^^^^^^",
        code: "bad_argument",
        message: "options are not part of the formula",
        hint: "use `--ml` for REML = FALSE; the data come after the formula",
    },
    Wrong {
        text: "y ~ x, z",
        caret: "     ^",
        code: "bad_argument",
        message: "a comma separates arguments of a function, not terms",
        hint: "terms are joined with `+`, and a random term is written `(1 | group)`",
    },
    Wrong {
        text: "y ~ NULL",
        caret: "    ^^^^",
        code: "reserved_word",
        message: "`NULL` is a reserved word and has no meaning in a formula",
        hint: "if a column has this name, put it in backticks: `` `NULL` ``",
    },
    Wrong {
        text: "y ~ if",
        caret: "    ^^",
        code: "reserved_word",
        message: "`if` is a reserved word and has no meaning in a formula",
        hint: "if a column has this name, put it in backticks: `` `if` ``",
    },
    Wrong {
        text: "y ~ a %o% b",
        caret: "      ^^^",
        code: "unsupported_operator",
        message: "`%o%` is no operator of formulas",
        hint: "there are `%%` (remainder), `%/%` (whole quotient) and `%in%`",
    },
    Wrong {
        text: "y ~ a % b",
        caret: "      ^",
        code: "unsupported_operator",
        message: "`%` is no operator of formulas",
        hint: "there are `%%` (remainder), `%/%` (whole quotient) and `%in%`",
    },
    Wrong {
        text: "y ~ a − b",
        caret: "      ^",
        code: "unexpected_character",
        message: "`−` is a typographic character",
        hint: "type a plain `-`",
    },
    Wrong {
        text: "y ~ x + “a”",
        caret: "        ^",
        code: "unexpected_character",
        message: "`“` is a typographic character",
        hint: r#"type a plain `"`"#,
    },
    Wrong {
        text: "y ~ a × b",
        caret: "      ^",
        code: "unexpected_character",
        message: "`×` is a typographic character",
        hint: "type a plain `*`",
    },
    Wrong {
        text: "y ∼ a",
        caret: "  ^",
        code: "unexpected_character",
        message: "`∼` is a typographic character",
        hint: "type a plain `~`",
    },
    Wrong {
        text: "y ~ _a",
        caret: "    ^^",
        code: "unexpected_character",
        message: "a name cannot begin with `_`",
        hint: "put it in backticks: `` `_a` ``",
    },
    Wrong {
        text: "y ~ a ? b",
        caret: "      ^",
        code: "unexpected_character",
        message: "`?` has no meaning in a formula",
        hint: "a column whose name contains it is written in backticks, as `` `my column` ``",
    },
    Wrong {
        text: r#"y ~ a \ b"#,
        caret: "      ^",
        code: "unexpected_character",
        message: r#"`\` has no meaning in a formula"#,
        hint: "a column whose name contains it is written in backticks, as `` `my column` ``",
    },
    Wrong {
        text: r#"y ~ "abc"#,
        caret: "    ^",
        code: "unclosed_quote",
        message: "this quote is never closed",
        hint: r#"add the closing " behind the last character"#,
    },
    Wrong {
        text: "y ~ `abc",
        caret: "    ^",
        code: "unclosed_quote",
        message: "this backtick is never closed",
        hint: "add the closing ` behind the last character",
    },
    Wrong {
        text: "y ~ ``",
        caret: "    ^^",
        code: "unclosed_quote",
        message: "there is no name between the backticks",
        hint: "write the name of a column between them",
    },
    Wrong {
        text: r#"y ~ "a\d""#,
        caret: "      ^^",
        code: "unexpected_character",
        message: r#"`\d` is no known escape"#,
        hint: r#"write a backslash as `\\`"#,
    },
    Wrong {
        text: "y ~ 1e999",
        caret: "    ^^^^^",
        code: "bad_number",
        message: "`1e999` is too large a number",
        hint: "numbers go up to about 1.8e308",
    },
    Wrong {
        text: "y ~ 1e",
        caret: "    ^^",
        code: "bad_number",
        message: "`1e` is neither a number nor a name",
        hint: "if a column has this name, put it in backticks: `` `1e` ``",
    },
    Wrong {
        text: "y ~ 1i",
        caret: "    ^^",
        code: "bad_number",
        message: "`1i` is neither a number nor a name",
        hint: "if a column has this name, put it in backticks: `` `1i` ``",
    },
    Wrong {
        text: "y ~ offset()",
        caret: "    ^^^^^^^^",
        code: "misplaced_offset",
        message: "`offset` takes one argument, not 0",
        hint: "write one `offset(...)` for each",
    },
    Wrong {
        text: "y ~ offset(a, b)",
        caret: "    ^^^^^^^^^^^^",
        code: "misplaced_offset",
        message: "`offset` takes one argument, not 2",
        hint: "write one `offset(...)` for each",
    },
    Wrong {
        text: "y ~ x:offset(w)",
        caret: "      ^^^^^^^^^",
        code: "misplaced_offset",
        message: "an offset cannot be part of an interaction",
        hint: "an offset is added to the fixed effects: `y ~ x + offset(log(n))`",
    },
    Wrong {
        text: "y ~ x - offset(w)",
        caret: "        ^^^^^^^^^",
        code: "misplaced_offset",
        message: "an offset cannot be subtracted",
        hint: "an offset is added to the fixed effects: `y ~ x + offset(log(n))`",
    },
    Wrong {
        text: "y ~ y + x",
        caret: "    ^",
        code: "response_as_predictor",
        message: "the response `y` cannot predict itself",
        hint: "remove it from the right side",
    },
    Wrong {
        text: "log(y) ~ log(y)",
        caret: "         ^^^^^^",
        code: "response_as_predictor",
        message: "the response `log(y)` cannot predict itself",
        hint: "remove it from the right side",
    },
    Wrong {
        text: "y ~ a < b < c",
        caret: "          ^",
        code: "missing_operator",
        message: "comparisons cannot be chained",
        hint: "join two comparisons with `&`: `a < b & b < c`",
    },
    Wrong {
        text: "y ~ x > 0 + (1 | g)",
        caret: "             ^^^^^",
        code: "misplaced_bar",
        message: "a random term cannot be part of a comparison",
        hint: "put the comparison in parentheses and add the random term: `(x > 0) + (1 | g)`",
    },
    Wrong {
        text: "y ~ (a + b + c + d + e + f + g + h + i + j + k + l + m + n + o + p + q + r)^18",
        caret: "    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
        code: "too_many_terms",
        message: "this stands for more than 65536 terms",
        hint: "a lower power, or fewer variables, will do",
    },
    Wrong {
        text: "y ~ x; z",
        caret: "     ^",
        code: "unsupported_operator",
        message: "`;` has no meaning in a formula",
        hint: "give one formula at a time",
    },
    Wrong {
        text: "y ~ {x}",
        caret: "    ^",
        code: "unsupported_operator",
        message: "`{` has no meaning in a formula",
        hint: "group with parentheses",
    },
    Wrong {
        text: "y ~ x @ z",
        caret: "      ^",
        code: "unsupported_operator",
        message: "`@` has no meaning in a formula",
        hint: "name the column alone: `score`, not `data$score`",
    },
    Wrong {
        text: "y ~ a := b",
        caret: "      ^^",
        code: "unsupported_operator",
        message: "`:=` has no meaning in a formula",
        hint: "compute the column before fitting",
    },
    Wrong {
        text: "y ~ a |> b",
        caret: "      ^^",
        code: "unsupported_operator",
        message: "`|>` has no meaning in a formula",
        hint: "compute the column before fitting",
    },
    Wrong {
        text: "y ~ x = 3",
        caret: "      ^",
        code: "unsupported_operator",
        message: "`=` has no meaning in a formula",
        hint: "`=` names an argument, as in `poly(x, 2, raw = TRUE)`; to compare write `==`",
    },
    Wrong {
        text: "y ~ f(x = )",
        caret: "          ^",
        code: "missing_operand",
        message: "there is nothing right of `=`",
        hint: "remove `=`, or write what belongs behind it",
    },
    Wrong {
        text: "y ~ f(x)(y)",
        caret: "        ^",
        code: "missing_operator",
        message: "there is no operator between `)` and `(`",
        hint: "join terms with `+`",
    },
    Wrong {
        text: "y ~ (f)(x)",
        caret: "       ^",
        code: "missing_operator",
        message: "there is no operator between `)` and `(`",
        hint: "join terms with `+`",
    },
    Wrong {
        text: "y ~ !",
        caret: "     ^",
        code: "missing_operand",
        message: "there is nothing right of `!`",
        hint: "remove `!`, or write what belongs behind it",
    },
    Wrong {
        text: "y ~ x:1",
        caret: "      ^",
        code: "not_a_term",
        message: "a number cannot be a factor of a term",
        hint: "leave the number out; `1` and `0` are added to a sum",
    },
    Wrong {
        text: "y ~ 学校 学校",
        caret: "         ^^^^",
        code: "missing_operator",
        message: "there is no operator between `学校` and `学校`",
        hint: "write `学校 + 学校` for two terms, or `` `学校 学校` `` if this is the name of one column",
    },
    Wrong {
        text: r#"y ~ "a" b"#,
        caret: "        ^",
        code: "missing_operator",
        message: r#"there is no operator between `"a"` and `b`"#,
        hint: "terms are joined with `+`, `:` or `*`",
    },
    Wrong {
        text: "y ~ (1 | g) (1 | h)",
        caret: "            ^",
        code: "missing_operator",
        message: "there is no operator between `)` and `(`",
        hint: "join terms with `+`",
    },
    Wrong {
        text: "y ~ (a | b c)",
        caret: "           ^",
        code: "missing_operator",
        message: "there is no operator between `b` and `c`",
        hint: "write `b + c` for two terms, or `` `b c` `` if this is the name of one column",
    },
    Wrong {
        text: "y ~ x +(1 | g",
        caret: "       ^",
        code: "unbalanced_parenthesis",
        message: "this parenthesis is never closed",
        hint: "add the missing `)`",
    },
    Wrong {
        text: "y~x+(1|g))+(1|h)",
        caret: "         ^",
        code: "unbalanced_parenthesis",
        message: "this parenthesis closes nothing",
        hint: "remove it, or add the missing `(`",
    },
    Wrong {
        text: "y ~ x + 1|subject + 1|item",
        caret: "    ^^^^^^^^^^^^^^^^^^^^^^",
        code: "misplaced_bar",
        message: "a random term has one bar, and this one has two",
        hint: "give each its own parentheses: `(1 | a) + (1 | b)`",
    },
    Wrong {
        text: "y ~ x + (1|subject) + 1|item",
        caret: "    ^^^^^^^^^^^^^^^^^^^^^^^^",
        code: "bar_without_parentheses",
        message: "a random term must stand in parentheses",
        hint: "write `x + (1 | subject) + (1 | item)`",
    },
    Wrong {
        text: "y ~ (x |subject) + z | item",
        caret: "    ^^^^^^^^^^^^^^^^^^^^^^^",
        code: "bar_without_parentheses",
        message: "a random term must stand in parentheses",
        hint: "write `(x | subject) + (z | item)`",
    },
    Wrong {
        text: "y ~ x(1 | g)",
        caret: "    ^^^^^^^^",
        code: "misplaced_bar",
        message: "a random term cannot be the argument of a function",
        hint: "add it: `x + (1 | g)`",
    },
    Wrong {
        text: "y ~ x (f | g)",
        caret: "    ^^^^^^^^^",
        code: "misplaced_bar",
        message: "a random term cannot be the argument of a function",
        hint: "add it: `x + (f | g)`",
    },
    Wrong {
        text: "y ~ x (1 || g)",
        caret: "       ^^^^^^",
        code: "not_arithmetic",
        message: "`||` inside a call compares single values, not columns",
        hint: r#"for "or" write `1 | g`; a random term is added: `x + (1 || g)`"#,
    },
    Wrong {
        text: "y ~ a*b*c*d*e*f*g*h*i*j*k*l*m*n*o*p*q",
        caret: "    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
        code: "too_many_terms",
        message: "this stands for more than 65536 terms",
        hint: "a lower power, or fewer variables, will do",
    },
];
