//! What users of R and of other programs type by habit, and what it is called here.

use std::ffi::OsString;

use clap::CommandFactory;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::arguments::Arguments;

/// Names of commands elsewhere; several of ours where more than one may be meant.
const COMMANDS: &[(&str, &[&str])] = &[
    ("lmer", &["fit"]),
    ("glmer", &["fit"]),
    ("lme", &["fit"]),
    ("lm", &["fit"]),
    ("mixed", &["fit"]),
    ("xtmixed", &["fit"]),
    ("mixedlm", &["fit"]),
    ("model", &["fit"]),
    ("ranef", &["effects"]),
    ("random.effects", &["effects"]),
    ("coef", &["effects"]),
    ("blup", &["effects"]),
    ("fixef", &["summary", "tidy"]),
    ("fixed.effects", &["summary", "tidy"]),
    ("varcorr", &["summary", "tidy"]),
    ("vcov", &["summary"]),
    ("print", &["summary"]),
    ("display", &["summary"]),
    ("show", &["summary"]),
    ("odds", &["ratios"]),
    ("or", &["ratios"]),
    ("irr", &["ratios"]),
    ("exponentiate", &["ratios"]),
    ("emmeans", &["means"]),
    ("lsmeans", &["means"]),
    ("margins", &["means"]),
    ("pairs", &["means"]),
    ("contrasts", &["test", "means"]),
    ("emtrends", &["means", "slopes"]),
    ("simple_slopes", &["slopes", "means"]),
    ("ci", &["confint"]),
    ("intervals", &["confint"]),
    ("profile", &["confint"]),
    ("ranova", &["drop"]),
    ("rand", &["drop"]),
    ("drop1", &["drop", "anova"]),
    ("contest", &["test"]),
    ("glht", &["test"]),
    ("lincom", &["test"]),
    ("linearhypothesis", &["test"]),
    ("krmodcomp", &["anova", "test"]),
    ("lrtest", &["compare"]),
    ("anova.lmer", &["compare", "anova"]),
    ("aic", &["compare", "glance"]),
    ("bic", &["compare", "glance"]),
    ("loglik", &["glance"]),
    ("deviance", &["glance"]),
    ("sigma", &["glance"]),
    ("nobs", &["glance"]),
    ("fitted", &["augment", "predict"]),
    ("resid", &["residuals", "augment"]),
    ("hatvalues", &["influence", "augment"]),
    ("cooks.distance", &["influence", "augment"]),
    ("issingular", &["check"]),
    ("allfit", &["check"]),
    ("repca", &["check"]),
    ("check_model", &["check"]),
    ("dharma", &["residuals", "check"]),
    ("vif", &["check"]),
    ("performance", &["check", "r2", "glance"]),
    ("r.squaredglmm", &["r2"]),
    ("r2beta", &["r2"]),
    ("rsquared", &["r2"]),
    ("vpc", &["icc"]),
    ("mlm", &["within-between"]),
    ("mundlak", &["within-between"]),
    ("vcovcr", &["robust"]),
    ("sandwich", &["robust"]),
    ("xtreg", &["fixed-effects"]),
    ("shrinkage", &["pool", "plot"]),
    ("partial_pooling", &["pool"]),
    ("plot_model", &["plot"]),
    ("figure", &["plot"]),
    ("dotplot", &["plot"]),
    ("qqmath", &["plot"]),
    ("caterpillar", &["plot"]),
    ("ggpredict", &["plot", "predict"]),
    ("ggplot", &["plot"]),
    ("mrp", &["poststratify"]),
    ("postratify", &["poststratify"]),
    ("sae", &["areas", "poststratify"]),
    ("fay_herriot", &["areas"]),
    ("eblup", &["areas", "effects"]),
    ("ranks", &["areas"]),
    ("tab_model", &["table"]),
    ("modelsummary", &["table"]),
    ("stargazer", &["table"]),
    ("texreg", &["table"]),
    ("parameters", &["tidy"]),
    ("model_parameters", &["tidy"]),
    ("broom", &["tidy"]),
    ("translate", &["code"]),
    ("datasets", &["data"]),
];

/// A better answer than the parser's, where there is one: what is wrong, and the way out.
pub fn answer(usage: &clap::Error, given: &[OsString]) -> Option<(String, String)> {
    let word = |kind| match usage.get(kind) {
        Some(ContextValue::String(word)) => Some(word.clone()),
        _ => None,
    };
    match usage.kind() {
        ErrorKind::InvalidSubcommand => command(&word(ContextKind::InvalidSubcommand)?),
        ErrorKind::UnknownArgument => {
            let text = |a: &OsString| a.to_string_lossy().into_owned();
            let given: Vec<String> = given.iter().map(text).collect();
            option(&word(ContextKind::InvalidArg)?, &given)
        }
        _ => None,
    }
}

/// A command by its name elsewhere. Only commands that there are count.
fn command(typed: &str) -> Option<(String, String)> {
    if typed.contains('~') {
        return Some((
            format!("`{typed}` is a formula, where a command should be"),
            format!("fit it: `ranef fit '{typed}' DATA`"),
        ));
    }
    let (_, ours) = COMMANDS
        .iter()
        .find(|(theirs, _)| theirs.eq_ignore_ascii_case(typed))?;
    let known = Arguments::command();
    let ours: Vec<String> = ours
        .iter()
        .filter_map(|name| known.find_subcommand(name))
        .map(|c| format!("`ranef {}`", c.get_name()))
        .collect();
    if ours.is_empty() {
        return None;
    }
    Some((
        format!("there is no command `{typed}`"),
        format!("use {}; `ranef --help` lists all", ours.join(" or ")),
    ))
}

/// An option by its name elsewhere.
fn option(typed: &str, given: &[String]) -> Option<(String, String)> {
    let name = typed.trim_start_matches('-').split('=').next()?;
    let value = given.iter().enumerate().find_map(|(i, word)| {
        let rest = word.trim_start_matches('-').strip_prefix(name)?;
        match rest.strip_prefix('=') {
            Some(value) => Some(value.to_lowercase()),
            None => given.get(i + 1).map(|next| next.to_lowercase()),
        }
    });
    let asks_fit = given.get(1).is_some_and(|word| word == "fit");
    if matches!(name, "f" | "formula" | "data" | "d") && !asks_fit {
        return None;
    }
    let off = matches!(value.as_deref(), Some("false" | "f" | "no" | "0"));
    let hint = match name.to_lowercase().as_str() {
        "reml" if off => "say `--ml` for maximum likelihood",
        "reml" => "leave it out: models are fitted by REML unless `--ml` is given",
        "method" if matches!(value.as_deref(), Some("ml" | "mle")) => {
            "say `--ml` for maximum likelihood"
        }
        "method" => "models are fitted by REML; `--ml` fits by maximum likelihood",
        "mle" => "say `--ml` for maximum likelihood",
        "ddf" | "ddfm" | "dfmethod" => {
            "say `--df satterthwaite`, `--df kenward-roger`, `--df residual` or `--df none`"
        }
        "nagq" => "say `--agq N`",
        "na.action" | "na-action" | "na.rm" => {
            "rows with missing values are left out and counted; `--na TEXT` adds a spelling of them"
        }
        "sep" | "delimiter" | "delim" => "say `--separator CHAR`",
        "dec" => "say `--decimal CHAR`",
        "control" | "optimiser" => "say `--optimizer NAME`; the default needs no help",
        "re.form" | "re-form" | "re_form" => "say `--re all`, `--re none` or `--re new`",
        "newdata" | "new-data" => {
            "name the new data after the model: `ranef predict MODEL NEWDATA`"
        }
        "f" | "formula" | "data" | "d" => {
            "formula and data need no option: `ranef fit FORMULA DATA`"
        }
        "out" | "outfile" => "say `-o FILE`, or `--save FILE` for a model",
        _ => return None,
    };
    Some((format!("there is no option `{typed}`"), hint.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(words: &[&str]) -> Vec<String> {
        words.iter().map(|w| (*w).to_owned()).collect()
    }

    #[test]
    fn every_name_of_ours_is_a_command() {
        let known = Arguments::command();
        for (theirs, ours) in COMMANDS {
            assert!(known.find_subcommand(theirs).is_none(), "{theirs}");
            for name in *ours {
                assert!(known.find_subcommand(name).is_some(), "{name}");
            }
        }
    }

    #[test]
    fn reml_is_understood_in_all_spellings() {
        let hint = |typed: &str, words: &[&str]| option(typed, &given(words)).map(|(_, hint)| hint);
        let ml = Some("say `--ml` for maximum likelihood".to_owned());
        assert_eq!(hint("--REML", &["fit", "--REML=FALSE"]), ml);
        assert_eq!(hint("--reml", &["fit", "--reml", "false", "f"]), ml);
        assert_eq!(hint("--method", &["--method=ML"]), ml);
        assert!(hint("--reml", &["fit", "--reml"]).is_some_and(|h| h.starts_with("leave it out")));
        assert_eq!(hint("--nonsense", &["--nonsense"]), None);
    }
}
