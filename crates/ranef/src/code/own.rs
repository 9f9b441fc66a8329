//! This project's own words: the command and the Python package.

use ranef_design::Contrast;
use ranef_frame::datasets;

use super::{Language, Script};
use crate::options::optimizer_name;
use crate::{Curvature, DfMethod, Fit};

/// The analysis as commands of a shell.
pub(super) fn command(fit: &Fit, script: &mut Script) {
    let data = data(fit, script);
    let mut words = vec![
        "ranef fit".to_owned(),
        shell(fit.options().formula()),
        shell(&data),
    ];
    for (name, value) in choices(fit) {
        words.push(format!("--{name}"));
        words.extend(value.is_some().then(|| shell(&value.unwrap_or_default())));
    }
    if let Some(options) = fit.origin().map(|o| o.read_options()) {
        if !options.na.is_empty() {
            words.extend(["--na".to_owned(), shell(&options.na.join(","))]);
        }
        if let Some(c) = options.separator {
            let name = match c {
                '\t' => "tab".to_owned(),
                ' ' => "space".to_owned(),
                c => shell(&c.to_string()),
            };
            words.extend(["--separator".to_owned(), name]);
        }
        if let Some(c) = options.decimal {
            words.extend(["--decimal".to_owned(), shell(&c.to_string())]);
        }
    }
    words.push("--save model.json".to_owned());
    script.line(words.join(" "));
    script.line("ranef report model.json -o report.html");
}

/// The analysis in Python.
pub(super) fn python(fit: &Fit, script: &mut Script) {
    let family = fit.family();
    let mixed = !fit.varcorr().is_empty();
    let data = data(fit, script);
    let read = fit.origin().map(|o| o.read_options()).unwrap_or_default();
    let plain = read.na.is_empty() && read.separator.is_none() && read.decimal.is_none();
    if !plain {
        script.line("import pandas as pd");
    }
    script.line("import ranef as rf");
    script.line("");
    let mut arguments = vec![quoted(fit.options().formula())];
    if plain {
        arguments.push(quoted(&data));
    } else {
        let mut how = vec![quoted(&data)];
        if !read.na.is_empty() {
            let texts: Vec<String> = read.na.iter().map(|t| quoted(t)).collect();
            how.push(format!("na_values=[{}]", texts.join(", ")));
        }
        if let Some(c) = read.separator {
            how.push(format!("sep={}", quoted(&c.to_string())));
        }
        if let Some(c) = read.decimal {
            how.push(format!("decimal={}", quoted(&c.to_string())));
        }
        script.line(format!("data = pd.read_csv({})", how.join(", ")));
        arguments.push("data".to_owned());
    }
    for (name, value) in choices(fit) {
        let number = |v: &Option<String>| v.clone().unwrap_or_default();
        arguments.push(match name {
            "ml" => "REML=False".to_owned(),
            "agq" => format!("nAGQ={}", number(&value)),
            "penalty" => format!("penalty={}", number(&value)),
            "factor" => {
                let columns = &fit.options().design.factors;
                let columns: Vec<String> = columns.iter().map(|c| quoted(c)).collect();
                format!("factors=[{}]", columns.join(", "))
            }
            name => format!("{name}={}", quoted(&value.unwrap_or_default())),
        });
    }
    let function = match (family.is_gaussian(), mixed) {
        (true, false) => "lm",
        (true, true) => "lmer",
        (false, _) => "glmer",
    };
    script.line(format!("fit = rf.{function}({})", arguments.join(", ")));
    script.line("print(fit.summary())");
}

/// The name of the data, with what to do where it is not known.
fn data(fit: &Fit, script: &mut Script) -> String {
    match fit.origin() {
        Some(origin) => {
            if script.language == Language::Command
                && datasets().iter().any(|d| d.name == origin.name)
            {
                script.comment(format!("{} is a built-in data set.", origin.name));
            }
            origin.name.clone()
        }
        None => {
            script
                .comment("The model does not say where its data came from: save them as data.csv.");
            "data.csv".to_owned()
        }
    }
}

/// What the fit was told, where that differs from what it would do by itself: the names of the
/// command's options and their values.
fn choices(fit: &Fit) -> Vec<(&'static str, Option<String>)> {
    let options = fit.options();
    let (design, family) = (&options.design, fit.family());
    let mixed = !fit.varcorr().is_empty();
    let mut out = Vec::new();
    let mut add = |name, value: Option<String>| out.push((name, value));
    if family.is_gaussian() {
        if !fit.reml() {
            add("ml", None);
        }
    } else {
        add("family", Some(family.to_string()));
        if mixed && options.agq != 1 {
            add("agq", Some(options.agq.to_string()));
        }
        if options.curvature == Curvature::Observed {
            add("curvature", Some("observed".to_owned()));
        }
        if let Some(sd) = options.prior {
            add("penalty", Some(sd.to_string()));
        }
    }
    if let Some(column) = &design.weights {
        add("weights", Some(column.clone()));
    }
    if let Some(column) = &design.offset {
        add("offset", Some(column.clone()));
    }
    if !design.factors.is_empty() {
        add("factor", Some(design.factors.join(",")));
    }
    let contrasts = match design.contrasts {
        Contrast::Treatment => None,
        Contrast::Sum => Some("sum"),
        Contrast::Helmert => Some("helmert"),
        Contrast::Poly => Some("poly"),
    };
    if let Some(name) = contrasts {
        add("contrasts", Some(name.to_owned()));
    }
    if family.is_gaussian() {
        let df = match fit.df_method() {
            DfMethod::KenwardRoger => Some("kenward-roger"),
            DfMethod::Residual if mixed => Some("residual"),
            DfMethod::None => Some("none"),
            _ => None,
        };
        if let Some(name) = df {
            add("df", Some(name.to_owned()));
        }
    }
    let optimizer = optimizer_name(options.optimizer);
    if optimizer != "newton" {
        add("optimizer", Some(optimizer.to_owned()));
    }
    out
}

/// A word for a shell: in single quotes where it needs them.
fn shell(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./,:+@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// A text as Python writes it.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_a_shell_and_python() {
        assert_eq!(shell("sleepstudy"), "sleepstudy");
        assert_eq!(shell("y ~ `it's` + $x"), "'y ~ `it'\\''s` + $x'");
        assert_eq!(shell(""), "''");
        assert_eq!(quoted("a\"b\\c\td"), "\"a\\\"b\\\\c\\td\"");
    }
}
