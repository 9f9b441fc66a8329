//! SAS: `proc mixed`, with a `random` statement for each block of random effects.

use ranef_design::{Contrast, FixedTerm, RandomDesign, VariableValues};

use super::columns::{Maker, Piece};
use super::data::Data;
use super::{Language, Script, Tests, generalised};
use crate::Fit;

pub(super) fn write(fit: &Fit, script: &mut Script) {
    let data = Data::of(fit, &[]);
    let name = &data.name;
    let mut maker = Maker::new(fit, Language::Sas);
    let linear = fit.family().is_gaussian();
    let counted = match linear {
        true => None,
        false => generalised::response(fit, &mut maker),
    };
    let response = match &counted {
        Some(counted) => match &counted.trials {
            Some(trials) => Some(format!("{}/{trials}", counted.response)),
            None if fit.family().name() == "binomial" => {
                Some(format!("{}(event=\"1\")", counted.response))
            }
            // As the model has it: a larger linear predictor for higher categories.
            None if fit.family().name() == "ordinal" => {
                Some(format!("{}(descending)", counted.response))
            }
            None => Some(counted.response.clone()),
        },
        None => maker.response(),
    };
    let response = response.unwrap_or_else(|| "y".to_owned());
    let mut classes: Vec<String> = Vec::new();
    let fixed = fixed(&mut maker, &mut classes);
    let random: Vec<String> = fit
        .recipe()
        .random()
        .iter()
        .enumerate()
        .filter_map(|(index, block)| random(&mut maker, index, block, &mut classes))
        .collect();
    script.comment(format!("{} in SAS", fit.formula()));
    if let Some(before) = &data.before {
        script.comment(before);
    }
    script.line(format!(
        "proc import datafile={} out={name} dbms={} replace;",
        maker.text(&data.file),
        if data.separator.is_some() {
            "dlm"
        } else {
            "csv"
        }
    ));
    match data.separator {
        Some('\t') => script.line("  delimiter='09'x; guessingrows=max;"),
        Some(separator) => script.line(format!("  delimiter='{separator}'; guessingrows=max;")),
        None => script.line("  guessingrows=max;"),
    }
    script.line("run;");
    if fit.row_count().dropped > 0 {
        script.comment("A column of numbers with NA in it is read as text: make it numbers first (x2 = input(x, ?? best32.)).");
    }
    maker.say_renamed(script);
    for line in &maker.before {
        script.line(line.replace("DATA", name));
    }
    if !maker.lines.is_empty() {
        script.line(format!("data {name};"));
        script.line(format!("  set {name};"));
        for line in &maker.lines {
            script.line(format!("  {line}"));
        }
        script.line("run;");
    }
    for gap in &maker.gaps {
        script.gap(gap);
    }
    if !linear {
        for gap in generalised::gaps(fit, "proc glimmix", false) {
            script.gap(gap);
        }
        if !crate::family::categories(fit.recipe()).is_sorted() {
            script
                .gap("the order of the categories: proc glimmix sorts them, so number them first");
        }
        if fit.options().agq == 0 {
            script.gap("the fast approximation: this is Laplace's");
        }
    }
    let family = match generalised::sas(fit) {
        _ if linear => None,
        Ok(family) => Some(family),
        Err(gap) => {
            script.gap(gap);
            return;
        }
    };
    script.line(match linear {
        true => format!(
            "proc mixed data={name} method={};",
            if fit.reml() { "reml" } else { "ml" }
        ),
        false => match fit.options().agq {
            0 | 1 => format!("proc glimmix data={name} method=laplace;"),
            points => format!("proc glimmix data={name} method=quad(qpoints={points});"),
        },
    });
    if !classes.is_empty() {
        script.line(format!("  class {};", classes.join(" ")));
    }
    let mut options = vec!["solution", "cl"];
    let categories = crate::family::categories(fit.recipe());
    if !fit.recipe().has_intercept() && categories.is_empty() {
        options.push("noint");
    }
    options.push(match Tests::of(fit) {
        Tests::Satterthwaite => "ddfm=satterthwaite",
        Tests::KenwardRoger => "ddfm=kenwardroger",
        Tests::Residual => "ddfm=residual",
        Tests::Normal => "ddfm=none",
    });
    if let Some(family) = &family {
        options.push(family);
        if fit.family().link() == ranef_engine::glmm::family::Link::Logit {
            options.push("oddsratio");
        }
    }
    let offset = counted
        .as_ref()
        .filter(|c| !c.offsets.is_empty())
        .map(|c| format!("offset={}", c.offsets.join(" + ")));
    if let Some(offset) = &offset {
        options.push(offset);
    }
    script.line(format!(
        "  model {} / {};",
        format!("{response} = {fixed}").trim_end(),
        options.join(" ")
    ));
    for statement in random {
        script.line(format!("  {statement}"));
    }
    let plain = linear || counted.as_ref().is_none_or(|c| c.trials.is_none());
    if let Some(weights) = fit.options().design.weights.as_ref().filter(|_| plain) {
        let weights = maker.name_of(weights);
        script.line(format!("  weight {weights};"));
    }
    script.line("run;");
}

/// The fixed effects: class variables where factors have treatment contrasts or dummies, columns
/// made for everything else.
fn fixed(maker: &mut Maker<'_>, classes: &mut Vec<String>) -> String {
    maker.terms(|maker, term| crossing(maker, term, classes))
}

/// `Diet*Time`; `None` where that would not be the same columns.
fn crossing(maker: &mut Maker<'_>, term: &FixedTerm, classes: &mut Vec<String>) -> Option<String> {
    let mut parts = Vec::new();
    for &(variable, _) in &term.variables {
        let info = maker.variables[variable].clone();
        match &info.values {
            VariableValues::Numbers { columns } if *columns == 1 => {
                let expr = ranef_formula::Expr::parse(&info.name).ok()?;
                parts.push(maker.column_of(&expr)?);
            }
            VariableValues::Factor { levels, contrast } if *contrast == Contrast::Treatment => {
                let (column, _) = maker.levels_column(&info)?;
                let reference = maker.text(levels.first()?);
                enter(classes, &column, Some(&reference));
                parts.push(column);
            }
            _ => return None,
        }
    }
    Some(parts.join("*"))
}

/// Names a class variable, with its reference level where it has one.
fn enter(classes: &mut Vec<String>, column: &str, reference: Option<&str>) {
    let first_word = |class: &String| class.split('(').next() == Some(column);
    let text = match reference {
        Some(reference) => format!("{column}(ref={reference})"),
        None => column.to_owned(),
    };
    match classes.iter_mut().find(|class| first_word(class)) {
        Some(class) if reference.is_some() => *class = text,
        Some(_) => {}
        None => classes.push(text),
    }
}

/// The statement of one block of random effects.
fn random(
    maker: &mut Maker<'_>,
    index: usize,
    block: &RandomDesign,
    classes: &mut Vec<String>,
) -> Option<String> {
    let group = maker.fit.terms().random.get(block.term)?.group.clone();
    let columns = match maker.groups(&group) {
        Ok(columns) => columns,
        Err(gap) => {
            maker.gap(gap);
            return None;
        }
    };
    for column in &columns {
        enter(classes, column, None);
    }
    let mut effects = Vec::new();
    for product in block.products() {
        effects.push(match maker.product(product)? {
            Piece::Intercept => "intercept".to_owned(),
            Piece::Column(name) => name,
        });
    }
    let singular = maker.fit.varcorr().get(index).is_some_and(|b| b.singular);
    let structure = match effects.len() {
        1 => String::new(),
        // `un` would leave the covariance matrices on the far side of the boundary.
        n if singular => format!(" type=fa0({n})"),
        _ => " type=un".to_owned(),
    };
    Some(format!(
        "random {} / subject={}{structure};",
        effects.join(" "),
        columns.join("*")
    ))
}
