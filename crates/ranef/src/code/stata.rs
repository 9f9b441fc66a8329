//! Stata: `mixed` with an equation for each level, coarse ones first, and crossed factors as
//! `_all: R.factor`.

use ranef_design::{Coding, Contrast, FixedTerm, RandomDesign, Relation, VariableValues};

use super::columns::{Maker, Piece};
use super::data::Data;
use super::{Language, Script, Tests, generalised};
use crate::Fit;

/// More levels than this are not listed.
const LISTED: usize = 24;

pub(super) fn write(fit: &Fit, script: &mut Script) {
    let tests = Tests::of(fit);
    let mixed = !fit.varcorr().is_empty();
    let data = Data::of(fit, &[]);
    let mut maker = Maker::new(fit, Language::Stata);
    let counted = match fit.family().is_gaussian() {
        true => None,
        false => generalised::response(fit, &mut maker),
    };
    let response = match &counted {
        Some(counted) => Some(counted.response.clone()),
        None => maker.response(),
    };
    let mut response = response.unwrap_or_else(|| "y".to_owned());
    let mut codes = Vec::new();
    // Categories of text are numbered in their order: Stata sorts them its own way.
    let categories = crate::family::categories(fit.recipe());
    let column = fit.terms().response.as_ref().and_then(|r| r.as_column());
    if !categories.is_empty() && column.is_some_and(|c| fit.recipe().is_text(c)) {
        let code = maker.reserve(&format!("{response} code"));
        let label: Vec<String> = (categories.iter().enumerate())
            .map(|(i, level)| format!("{} {}", i + 1, maker.text(level)))
            .collect();
        codes.push(format!("label define {code} {}", label.join(" ")));
        codes.push(format!("encode {response}, generate({code}) label({code})"));
        response = code;
    }
    let fixed = fixed(&mut maker, &mut codes);
    let equations = equations(&mut maker);
    script.comment(format!("{} in Stata", fit.formula()));
    if let Some(before) = &data.before {
        script.comment(before);
    }
    let mut import = format!(
        "import delimited {}, clear varnames(1) case(preserve)",
        maker.text(&data.file)
    );
    match data.separator {
        Some('\t') => import += " delimiters(tab)",
        Some(separator) => import += &format!(" delimiters(\"{separator}\")"),
        None => {}
    }
    script.line(import);
    if fit.row_count().dropped > 0 {
        script.comment("A column of numbers with NA in it is read as text: destring it first (destring x, replace force).");
    }
    maker.say_renamed(script);
    for line in maker.lines.iter().chain(&codes) {
        script.line(line);
    }
    let design = &fit.options().design;
    let linear = fit.family().is_gaussian();
    if let Some(weights) = design.weights.as_ref().filter(|_| linear) {
        maker.gap(format!(
            "mixed has no precision weights (residual variance σ²/{weights}): the model below is unweighted"
        ));
    }
    for gap in &maker.gaps {
        script.gap(gap);
    }
    if let Some(counted) = counted.filter(|_| !linear) {
        let (command, own) = match generalised::stata(fit) {
            Ok(found) => found,
            Err(gap) => {
                script.gap(gap);
                return;
            }
        };
        // Without groups there are no `me` commands.
        let command = if mixed {
            command
        } else {
            command.strip_prefix("me").unwrap_or(command)
        };
        let mut options = Vec::new();
        let mut before = Vec::new();
        // Thresholds take the place of the constant.
        if !fit.recipe().has_intercept() && categories.is_empty() {
            before.push("noconstant".to_owned());
        }
        if let [offset] = &counted.offsets[..] {
            before.push(format!("offset({offset})"));
        } else if !counted.offsets.is_empty() {
            let sum = counted.offsets.join(" + ");
            script.line(format!("generate double offset_sum = {sum}"));
            before.push("offset(offset_sum)".to_owned());
        }
        if let Some(trials) = &counted.trials {
            options.push(format!("binomial({trials})"));
        }
        options.extend(own);
        if mixed {
            match fit.options().agq {
                1 => options.push("intmethod(laplace)".to_owned()),
                0 => {
                    options.push("intmethod(laplace)".to_owned());
                    script.gap("the fast approximation: this is Laplace's".to_owned());
                }
                points => options.push(format!("intmethod(mvaghermite) intpoints({points})")),
            }
        }
        for gap in generalised::gaps(fit, "Stata", false) {
            script.gap(gap);
        }
        options.push("nolog".to_owned());
        let mut model = format!("{command} {}", [response, fixed].join(" ").trim_end());
        if !before.is_empty() {
            model += &format!(", {}", before.join(" "));
        }
        for equation in &equations {
            model += &format!(" ///\n    || {equation}");
        }
        let comma = if equations.is_empty() && !before.is_empty() {
            " "
        } else {
            " ///\n    , "
        };
        script.line(format!("{model}{comma}{}", options.join(" ")));
        return;
    }
    let mut options = Vec::new();
    if !fit.recipe().has_intercept() {
        options.push("noconstant".to_owned());
    }
    if !mixed {
        let options = if options.is_empty() {
            String::new()
        } else {
            format!(", {}", options.join(" "))
        };
        script.line(format!(
            "regress {}{options}",
            [response, fixed].join(" ").trim_end()
        ));
        return;
    }
    let own = if options.is_empty() {
        String::new()
    } else {
        ", noconstant".to_owned()
    };
    let mut model = format!("mixed {}{own}", [response, fixed].join(" ").trim_end());
    for equation in equations {
        model += &format!(" ///\n    || {equation}");
    }
    let mut options = vec![if fit.reml() { "reml" } else { "mle" }];
    match tests {
        Tests::Normal => {}
        _ if !fit.reml() => {
            script.gap("after maximum likelihood mixed has z tests only, no degrees of freedom")
        }
        Tests::Satterthwaite => options.push("dfmethod(satterthwaite)"),
        Tests::KenwardRoger => options.push("dfmethod(kroger)"),
        Tests::Residual => options.push("dfmethod(residual)"),
    }
    options.extend(["stddeviations", "nolog"]);
    script.line(format!("{model} ///\n    , {}", options.join(" ")));
}

/// The fixed effects: factor-variable notation for numbers and treatment contrasts, columns made
/// for everything else.
fn fixed(maker: &mut Maker<'_>, codes: &mut Vec<String>) -> String {
    maker.terms(|maker, term| notation(maker, term, codes))
}

/// `i.f#c.x`; `None` where a factor has other contrasts or a variable several columns.
fn notation(maker: &mut Maker<'_>, term: &FixedTerm, codes: &mut Vec<String>) -> Option<String> {
    let infos: Vec<_> = (term.variables.iter())
        .map(|&(variable, coding)| (maker.variables[variable].clone(), coding))
        .collect();
    let simple = infos.iter().all(|(info, coding)| match &info.values {
        VariableValues::Numbers { columns } => *columns == 1,
        VariableValues::Factor { contrast, .. } => {
            (*contrast == Contrast::Treatment || *coding == Coding::Dummies)
                && maker.levels_column(info).is_some()
        }
    });
    if !simple {
        return None;
    }
    let mut parts = Vec::new();
    for (info, coding) in &infos {
        parts.push(match &info.values {
            VariableValues::Numbers { .. } => {
                let expr = ranef_formula::Expr::parse(&info.name).ok()?;
                let column = maker.column_of(&expr)?;
                if infos.len() == 1 {
                    column
                } else {
                    format!("c.{column}")
                }
            }
            VariableValues::Factor { levels, .. } => {
                let (column, text) = maker.levels_column(info)?;
                let code = maker.reserve(&format!("{column} code"));
                let prefix = if *coding == Coding::Dummies {
                    "ibn"
                } else {
                    "i"
                };
                let lines = if text && levels.len() <= LISTED {
                    let label: Vec<String> = (levels.iter().enumerate())
                        .map(|(i, level)| format!("{} {}", i + 1, maker.text(level)))
                        .collect();
                    vec![
                        format!("label define {code} {}", label.join(" ")),
                        format!("encode {column}, generate({code}) label({code})"),
                    ]
                } else {
                    vec![format!("egen {code} = group({column}), label")]
                };
                if !codes.contains(&lines[0]) {
                    codes.extend(lines);
                }
                // Numbers are coded by their order; a level moved to the front is the base.
                let base = (!text && !ascending(levels)).then(|| sorted_place(levels));
                match base {
                    Some(base) if *coding != Coding::Dummies => format!("ib{base}.{code}"),
                    _ => format!("{prefix}.{code}"),
                }
            }
        });
    }
    Some(parts.join("#"))
}

fn ascending(levels: &[String]) -> bool {
    let numbers: Vec<f64> = levels.iter().filter_map(|l| l.parse().ok()).collect();
    numbers.is_sorted()
}

/// Where the first level stands among all in the order of their values, from 1.
fn sorted_place(levels: &[String]) -> usize {
    let value = |l: &String| l.parse::<f64>().unwrap_or(f64::NAN);
    let first = levels.first().map_or(f64::NAN, value);
    1 + levels.iter().filter(|l| value(l) < first).count()
}

/// The equations of the random effects, coarse groups first.
fn equations(maker: &mut Maker<'_>) -> Vec<String> {
    let fit = maker.fit;
    let recipe = fit.recipe();
    let blocks = recipe.random();
    let mut factors: Vec<usize> = Vec::new();
    for block in blocks {
        if !factors.contains(&block.factor) {
            factors.push(block.factor);
        }
    }
    factors.sort_by_key(|&f| recipe.factors()[f].levels);
    let chain = chain(fit, &factors, blocks);
    let mut out = Vec::new();
    // Crossed factors span all data: they come before the levels.
    for &factor in factors.iter().filter(|f| !chain.contains(f)) {
        for block in blocks.iter().filter(|b| b.factor == factor) {
            let Some(code) = code(maker, block) else {
                continue;
            };
            if block.products() == [Vec::new()] {
                out.push(format!("_all: R.{code}"));
            } else {
                let text = format!(
                    "the random effects {} of `{}`, which is crossed with another factor: mixed \
                     takes random intercepts only there",
                    block.names.join(", "),
                    block.group
                );
                maker.gap(text);
            }
        }
    }
    for &factor in &chain {
        let own: Vec<&RandomDesign> = blocks.iter().filter(|b| b.factor == factor).collect();
        let scalar = own.len() > 1 && own.iter().all(|b| b.products().len() == 1);
        let merged: Vec<Vec<&RandomDesign>> = if scalar {
            vec![own]
        } else {
            own.into_iter().map(|b| vec![b]).collect()
        };
        for group in merged {
            let Some(code) = code(maker, group[0]) else {
                continue;
            };
            let mut columns = Vec::new();
            let mut constant = false;
            for product in group.iter().flat_map(|b| b.products()) {
                match maker.product(product) {
                    Some(Piece::Intercept) => constant = true,
                    Some(Piece::Column(name)) => columns.push(name),
                    None => {}
                }
            }
            let mut options = Vec::new();
            if !constant {
                options.push("noconstant");
            }
            if columns.len() + usize::from(constant) > 1 {
                options.push(if scalar {
                    "covariance(independent)"
                } else {
                    "covariance(unstructured)"
                });
            }
            let columns = columns.iter().map(|c| format!(" {c}")).collect::<String>();
            let options = if options.is_empty() {
                String::new()
            } else {
                format!(", {}", options.join(" "))
            };
            out.push(format!("{code}:{columns}{options}"));
        }
    }
    out
}

/// The factors that lie in each other like levels, coarse to fine: with slopes if any have them,
/// else those with the finest.
fn chain(fit: &Fit, factors: &[usize], blocks: &[RandomDesign]) -> Vec<usize> {
    let nested = |fine: usize, coarse: usize| {
        fit.structure()
            .pairs
            .iter()
            .any(|pair| match pair.relation {
                Relation::FirstInSecond => (pair.first, pair.second) == (fine, coarse),
                Relation::SecondInFirst => (pair.second, pair.first) == (fine, coarse),
                Relation::Same => {
                    (pair.first, pair.second) == (fine, coarse)
                        || (pair.second, pair.first) == (fine, coarse)
                }
                _ => false,
            })
    };
    let slopes = |factor: usize| {
        blocks
            .iter()
            .any(|b| b.factor == factor && b.products() != [Vec::new()])
    };
    let with_slopes = factors.iter().rev().copied().find(|&f| slopes(f));
    let Some(start) = with_slopes.or(factors.last().copied()) else {
        return Vec::new();
    };
    let mut chain = vec![start];
    for &factor in factors {
        let fits = chain
            .iter()
            .all(|&other| other != factor && (nested(factor, other) || nested(other, factor)));
        if fits {
            chain.push(factor);
        }
    }
    chain.sort_by_key(|&f| (fit.recipe().factors()[f].levels, f));
    chain
}

/// A numeric code for the levels of a grouping factor.
fn code(maker: &mut Maker<'_>, block: &RandomDesign) -> Option<String> {
    let term = maker.fit.terms().random.get(block.term)?;
    let group = term.group.clone();
    match maker.groups(&group) {
        Ok(columns) => {
            let label = format!("{} id", columns.join(" "));
            Some(maker.make_by(&label, &format!("group({})", columns.join(" "))))
        }
        Err(gap) => {
            maker.gap(gap);
            None
        }
    }
}
