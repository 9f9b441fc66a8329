//! Verdicts on influential groups and rows.

use ranef_engine::distributions::Normal;

use super::{CHANCE, listed};
use crate::diagnose::check::{Finding, Verdict};
use crate::diagnose::influence::{DeletionMethod, GroupInfluence, LevelInfluence};
use crate::diagnose::influence_rows::{RowInfluence, RowInfluences};

pub(in crate::diagnose) fn influential_groups(
    found: &[GroupInfluence],
    left_out: &[String],
) -> Finding {
    let rule = "note where leaving out one group moves a fixed effect by a standard error or changes its \
                sign while |t| ≥ 2, or cannot be done; problem where Cook's distance reaches 1";
    let looked = match found {
        [] => {
            "Influential groups: what leaving out each group does to the fixed effects.".to_owned()
        }
        _ => {
            let one = |g: &GroupInfluence| {
                let how = if g.method == DeletionMethod::OneStep {
                    ", in one step"
                } else {
                    ""
                };
                format!("{} of {}{how}", g.levels.len(), g.group)
            };
            format!(
                "Influential groups: what leaving out each does to the fixed effects ({}).",
                found.iter().map(one).collect::<Vec<_>>().join("; ")
            )
        }
    };
    let cooks = |l: &LevelInfluence| l.cooks_distance.unwrap_or(f64::NEG_INFINITY);
    let all = || {
        found
            .iter()
            .flat_map(|g| g.levels.iter().map(move |l| (g, l)))
    };
    let not_asked = match left_out {
        [] => String::new(),
        _ => format!(
            "Groups of {} are many and tied to each other, which takes minutes: ask `ranef influence \
             --group {}`.",
            listed(left_out),
            left_out[0]
        ),
    };
    if found.iter().all(|g| g.terms.is_empty()) && !found.is_empty() {
        return nothing_to_move("influence_groups", looked, rule);
    }
    let Some((group, worst)) = all().max_by(|a, b| cooks(a.1).total_cmp(&cooks(b.1))) else {
        return if left_out.is_empty() {
            let none = "The model has no groups.";
            Finding::new("influence_groups", Verdict::Ok, looked, none, None, rule)
        } else {
            Finding::new(
                "influence_groups",
                Verdict::Unknown,
                looked,
                not_asked,
                None,
                rule,
            )
        };
    };
    let mut verdict = Verdict::Ok;
    let mut text = match worst.cooks_distance {
        Some(d) => format!(
            "The most influential is {} of {}: Cook's distance {d:.3}.",
            worst.level, group.group
        ),
        None => String::new(),
    };
    // The largest single move.
    let moves = all().flat_map(|(g, l)| {
        (l.dfbetas.iter().enumerate()).filter_map(move |(j, d)| d.map(|d| (g, l, j, d)))
    });
    if let Some((g, l, j, d)) = moves.max_by(|a, b| a.3.abs().total_cmp(&b.3.abs())) {
        text.push_str(&format!(
            " The largest move is that of `{}`, {:.2} standard errors {} without {}.",
            g.terms[j],
            d.abs(),
            if d > 0.0 { "lower" } else { "higher" },
            l.level
        ));
        if d.abs() >= 1.0 {
            verdict = Verdict::Note;
        }
    }
    for g in found {
        for (term, level) in g.sign_changes() {
            let at = g.terms.iter().position(|t| t == term).unwrap_or(0);
            if (g.estimates[at] / g.std_errors[at]).abs() >= 2.0 {
                text.push_str(&format!(" Without {level} `{term}` changes its sign."));
                verdict = Verdict::Note;
            }
        }
        let needed: Vec<String> = (g.levels.iter())
            .filter(|l| l.cooks_distance.is_none() && !g.terms.is_empty())
            .map(|l| l.level.clone())
            .collect();
        if !needed.is_empty() {
            text.push_str(&format!(
                " Without {} some coefficient cannot be estimated.",
                listed(&needed)
            ));
            verdict = Verdict::Note;
        }
    }
    if worst.cooks_distance.is_some_and(|d| d >= 1.0) {
        verdict = Verdict::Problem;
    }
    text.push(' ');
    text.push_str(&not_asked);
    Finding::new(
        "influence_groups",
        verdict,
        looked,
        text.trim().to_owned(),
        "Check that group for errors, and report the results with and without it (`ranef influence`)."
            .to_owned(),
        rule,
    )
}

/// Without fixed effects there is nothing that could be moved.
fn nothing_to_move(name: &str, looked: String, rule: &str) -> Finding {
    let found = "The model has no fixed effects that could move.";
    Finding::new(name, Verdict::Ok, looked, found, None, rule)
}

pub(in crate::diagnose) fn influential_rows(found: &RowInfluences) -> Finding {
    let rule = "note where a studentised residual is beyond chance in so many rows (p < 0.01 after \
                Bonferroni's correction); problem where Cook's distance of the fixed effects reaches 1";
    let looked = "Influential rows: what leaving out each does to the fixed effects, and residuals \
                  beyond chance.";
    let cooks = |r: &&RowInfluence| r.cooks_fixed.unwrap_or(0.0);
    let Some(worst) = found
        .rows
        .iter()
        .max_by(|a, b| cooks(a).total_cmp(&cooks(b)))
    else {
        return Finding::new(
            "influence_rows",
            Verdict::Unknown,
            looked,
            "There are no rows.",
            None,
            rule,
        );
    };
    let n = found.rows.len() as f64;
    let beyond = |r: &&RowInfluence| n * Normal::STANDARD.two_sided_p(r.studentised) < CHANCE;
    let mut outlying: Vec<&RowInfluence> = found.rows.iter().filter(beyond).collect();
    outlying.sort_by(|a, b| b.studentised.abs().total_cmp(&a.studentised.abs()));
    let mut text = if found.terms.is_empty() {
        "The model has no fixed effects that could move.".to_owned()
    } else {
        format!(
            "Largest Cook's distance {:.3} (row {}).",
            cooks(&worst),
            worst.row
        )
    };
    if !outlying.is_empty() {
        let names: Vec<String> = (outlying.iter())
            .map(|r| format!("{} ({:.1})", r.row, r.studentised).replace('-', "−"))
            .collect();
        text.push_str(&format!(
            " {} with residuals that chance does not explain, in standard deviations: row{} {}.",
            match outlying.len() {
                1 => "There is 1 row".to_owned(),
                many => format!("There are {many} rows"),
            },
            if outlying.len() == 1 { "" } else { "s" },
            listed(&names)
        ));
    }
    let verdict = if cooks(&worst) >= 1.0 {
        Verdict::Problem
    } else if outlying.is_empty() {
        Verdict::Ok
    } else {
        Verdict::Note
    };
    Finding::new(
        "influence_rows",
        verdict,
        looked,
        text,
        "Check these rows for errors of recording, and fit without them to compare (`ranef influence \
         --rows` lists what each moves)."
            .to_owned(),
        rule,
    )
}
